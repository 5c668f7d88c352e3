#!/usr/bin/env bash
# unpack.sh PAYLOAD PACKAGE FOLDER: on the machine: makes FOLDER/venv, a Python with the engine over the machine's own packages,
# and installs the package of dyn-slurm (a file of `npm pack`) in FOLDER/package, with the tools that `dyn-slurm setup` would
# have downloaded. PAYLOAD is what pack.sh made, or `-` for its data on standard input; without it only the package is renewed.
set -euo pipefail
payload=$1
package=$2
folder=$3

# tools_name: the name of the folder where this release of dyn-slurm looks for its tools, as src/rehearsal/tools/tools.ts.
tools_name() {
  # shellcheck disable=SC2016 # the dollars are of the program
  "$folder/bin/node" -e '
    const hash = require("crypto").createHash("sha256").update(`${process.platform} ${process.arch}\n`);
    for (const file of ["rehearsal/requirements.txt", "templates/servers.txt", "rehearsal/shellcheck.txt"])
      hash.update(require("fs").readFileSync(`${process.argv[1]}/${file}`));
    console.log("tools-" + hash.digest("hex").slice(0, 12));' "$folder/package"
}

mkdir -p "$folder"
if [[ -n $payload ]]; then
  zstd -dc "$payload" | tar -x -C "$folder"
  python=$(command -v python3)
  "$python" -m venv --without-pip "$folder/venv"
  site=$(echo "$folder"/venv/lib/python3*/site-packages)
  mv "$folder"/site/* "$folder"/site/.[!.]* "$site/"
  # The engine's packages first, then the machine's, such as torch.
  "$python" -c 'import sysconfig; print("import site; site.addsitedir(%r)" % sysconfig.get_paths()["purelib"])' >"$site/machine.pth"
fi

rm -rf "$folder/package"
mkdir "$folder/package"
tar -xzf "$package" -C "$folder/package" --strip-components=1
tools=${XDG_CACHE_HOME:-$HOME/.cache}/dyn-slurm/$(tools_name)
mkdir -p "$tools"/{bin,venv/bin,home}
cp "$folder"/bin/{etcd,nats-server,nginx} "$tools/bin/"
# A link would not find its venv.
printf '#!/bin/sh\nexec %s/venv/bin/python3 "$@"\n' "$folder" >"$tools/venv/bin/python"
chmod 755 "$tools/venv/bin/python"
echo '{"python":"of the machine","packages":{},"servers":[]}' >"$tools/stamp.json"
echo "unpacked into $folder; tools in $tools"
