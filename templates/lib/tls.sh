# shellcheck shell=bash
# TLS between the job's processes: all of them have the one key of this attempt, and talk to nobody else.

# make_certificate: writes state/tls.key and state/tls.crt, which is its own authority. It is for the addresses of all nodes
# and for this machine as seen through a tunnel; it began a day ago, for clocks differ. `openssl req` alone can't date it back.
make_certificate() {
  local at=$ATTEMPT_DIR/state work addresses said
  type -P openssl >/dev/null || end failed \
    "infra.tls needs the program openssl on the head node ${NODE[0]}, which has none: install it, or remove infra.tls"
  printf -v addresses 'IP:%s,' "${NODE_IP[@]}"
  work=$(mktemp -d "$at/tls.XXXXXX")
  : >"$work/index"
  printf '%s\n' '[req]' 'distinguished_name=any' '[any]' '[ca]' 'default_ca=own' '[own]' "database=$work/index" \
    "new_certs_dir=$work" 'rand_serial=yes' 'default_md=sha256' 'policy=policy' 'x509_extensions=ours' '[policy]' \
    'commonName=supplied' '[ours]' 'basicConstraints=critical,CA:FALSE' 'extendedKeyUsage=serverAuth,clientAuth' \
    "subjectAltName=${addresses}IP:127.0.0.1,DNS:localhost,DNS:dyn-slurm" >"$work/conf"
  said=$(openssl req -new -config "$work/conf" -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$at/tls.key" \
    -subj /CN=dyn-slurm -out "$work/request" 2>&1 &&
    openssl ca -batch -selfsign -config "$work/conf" -keyfile "$at/tls.key" -in "$work/request" -notext -out "$at/tls.crt" \
      -startdate "$(date -u -d yesterday +%Y%m%d%H%M%SZ)" -enddate "$(date -u -d 'next year' +%Y%m%d%H%M%SZ)" 2>&1) ||
    end failed "openssl on the head node ${NODE[0]} cannot make the certificate of infra.tls: ${said##*$'\n'}"
  rm -rf -- "$work"
}

# tell_certificate: gives it to the steps. Dynamo's client of etcd takes the texts rather than files.
tell_certificate() {
  local name text
  for name in CA:crt CLIENT_CERT:crt CLIENT_KEY:key; do
    text=$(<"$ATTEMPT_DIR/state/tls.${name#*:}")
    printf 'ETCD_AUTH_%s=%s\n' "${name%:*}" "${text//$'\n'/\\n}" >>"$ATTEMPT_DIR/state/credentials"
  done
}
