#!/usr/bin/env bash
# pack.sh FOLDER: makes FOLDER/payload.tar.zst, what a machine needs that has a GPU, CUDA, torch 2.11 and nvcc, but no network:
# SGLang 0.5.21 and Dynamo 1.6.1 for Python 3.12, node, etcd, nats-server and nginx. Needs pip, unzip, strip, readelf, zstd, and
# the tools of `dyn-slurm setup`. FOLDER keeps what it has downloaded (1 GB). See README.md.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$1
tools=$(printf '%s\n' "${XDG_CACHE_HOME:-$HOME/.cache}"/dyn-slurm/tools-*/bin | tail -n 1)

# download FOLDER REQUIREMENT...: wheels for Python 3.12 on Linux, whatever this machine has.
download() {
  local to=$1 minor platforms=()
  shift
  for minor in {39..24} 17 12 5; do platforms+=(--platform "manylinux_2_${minor}_x86_64"); done
  for minor in manylinux2014 manylinux2010 manylinux1 linux; do platforms+=(--platform "${minor}_x86_64"); done
  python3 -m pip download --quiet --no-deps --only-binary=:all: --python-version 3.12 --implementation cp \
    --abi cp312 --abi abi3 --abi none "${platforms[@]}" --dest "$to" "$@"
}

# kernels: Python files of the release that SGLang asks for, with the compiled parts of the last one for torch 2.11, and of
# those only what a Hopper GPU needs. FlashAttention 3 alone has a gigabyte, so attention is Triton's.
kernels() {
  download "$folder/kernels" sglang-kernel==0.4.7
  download "$folder/kernels" sglang-kernel==0.4.5
  unzip -qo "$folder"/kernels/sglang_kernel-0.4.7-*.whl -x '*.so' -d "$folder/site"
  unzip -qo "$folder"/kernels/sglang_kernel-0.4.5-*.whl sgl_kernel/sm90/common_ops.abi3.so sgl_kernel/spatial_ops.abi3.so -d "$folder/site"
}

mkdir -p "$folder"/{wheels,kernels,bin}
download "$folder/wheels" -r "$here/wheels.txt"
rm -rf "$folder/site"
mkdir "$folder/site"
for wheel in "$folder"/wheels/*.whl; do unzip -qo "$wheel" -d "$folder/site"; done
# Files of a wheel that pip would put elsewhere.
for purelib in "$folder"/site/*.data/purelib; do [[ ! -d $purelib ]] || cp -r "$purelib"/. "$folder/site/"; done
for scripts in "$folder"/site/*.data/scripts; do [[ ! -d $scripts ]] || cp "$scripts"/* "$folder/bin/"; done
kernels
cp -r "$here"/stubs/. "$folder/site/"
rm -rf "$folder"/site/*.data "$folder"/site/nixl_ep_cu13 "$folder"/site/*.dist-info/sboms
python3 "$here/trim_nixl.py" "$folder/site"
strip "$folder/site/dynamo/_core.abi3.so"
cp "$tools"/{etcd,nats-server,nginx} "$(command -v node)" "$folder/bin/"
chmod 755 "$folder"/bin/*
strip "$folder"/bin/{node,etcd,nginx} 2>/dev/null || true
tar -C "$folder" -c bin site | zstd -q -10 -f -o "$folder/payload.tar.zst"
ls -l "$folder/payload.tar.zst"
