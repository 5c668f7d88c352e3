# shellcheck shell=bash
# Whether a model's folder is whole, as its engines will see it. node.sh asks on every node, and `dyn-slurm check` and
# `submit` on the machine where they run Slurm's commands. Who sources this has `say KIND TEXT`: kind is problem or warning.

# look_at_model NEEDS PATH [MOUNTED...]: NEEDS is what engines read of the folder beside its config, `weights`, `tokenizer`,
# both with a comma, or `config` for neither; with `gb:320`, the GPUs of the smallest worker hold so many GB. MOUNTED are the
# folders of a container, where the engines run in one. Says one problem at most.
look_at_model() {
  local needs=,$1, path=${2%/} file
  MOUNTED=("${@:3}")
  if [[ ! -r $path || (-d $path && ! -x $path) ]]; then
    say problem "cannot read the model, $path"
  elif [[ ! -d $path ]]; then
    look_at_file "$path" || true
  elif [[ -d $path/snapshots && ! -e $path/config.json ]]; then
    file=$(printf '%s\n' "$path"/snapshots/*/ | head -n 1)
    say problem "finds no config.json in $path, which is a model of a Hugging Face cache: name a snapshot of it, such as ${file%/}"
  elif ! is_there "$path/config.json" && ! is_there "$path/params.json"; then
    say problem "finds no config.json in $path, which should contain a model"
  else
    for file in config.json generation_config.json tokenizer.json tokenizer_config.json tokenizer.model; do
      ! is_there "$path/$file" || look_at_file "$path/$file" || return 0
    done
    [[ $needs != *,tokenizer,* ]] || look_at_tokenizer "$path" || return 0
    [[ $needs != *,weights,* ]] || look_at_weights "$path" || return 0
    [[ ! $needs =~ ,gb:([0-9]+), ]] || look_at_size "$path" "${BASH_REMATCH[1]}"
  fi
}

# look_at_size PATH GB: whether weights of a safetensors model, by their index or the only file, fit into so many GB.
look_at_size() {
  local size=''
  size=$(grep -aoE '"total_size": *[0-9]+' "$1/model.safetensors.index.json" 2>/dev/null | grep -oE '[0-9]+$') ||
    size=$(stat -Lc %s "$1/model.safetensors" 2>/dev/null)
  [[ $size =~ ^[0-9]{1,18}$ ]] && ((size / 1000000000 > $2)) || return 0
  say warning "holds $((size / 1000000000)) GB of weights in $1, and the GPUs of the smallest worker have $2 GB of memory: give it more GPUs, unless its engine quantizes or offloads the weights"
}

# is_there FILE: a dangling link is.
is_there() {
  [[ -e $1 || -L $1 ]]
}

# look_at_file FILE: says what is wrong with it, and fails then.
look_at_file() {
  local file=$1 hop target=$1 line=''
  # A link is followed as in a container, where only what is mounted is there.
  for ((hop = 0; hop < 8; hop++)); do
    [[ -L $target ]] || break
    target=$(link_target "$target")
    if ((${#MOUNTED[@]} > 0)) && ! is_mounted "$target"; then
      say problem "has in $file a link to $target, which is not mounted in the container: mount that folder too, or copy the model without links"
      return 1
    fi
  done
  # https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
  # Up to the first NUL: read does not count these, and a file may begin with gigabytes of them.
  [[ ! -r $file ]] || IFS= read -r -d '' -n 42 line <"$file"
  if ! is_there "$file"; then
    say problem "misses $file, which the model's index names"
  elif [[ ! -e $file ]]; then
    say problem "has in $file a link to $target, which is not there"
  elif [[ ! -r $file ]]; then
    say problem "cannot read $file of the model"
  elif [[ ! -s $file ]]; then
    say problem "has an empty $file: copy or download the model again"
  elif [[ $line == 'version https://git-lfs.github.com/spec/v1'* ]]; then
    say problem "has in $file a pointer of Git LFS in place of the file: \`git lfs pull\` in the model's folder fetches it"
  else
    return 0
  fi
  return 1
}

# link_target LINK: where it leads, absolute, without following more links.
link_target() {
  local to
  to=$(readlink -- "$1")
  [[ $to == /* ]] || to=${1%/*}/$to
  realpath -ms -- "$to"
}

# is_mounted PATH: whether it lies in one of MOUNTED.
is_mounted() {
  local folder
  for folder in "${MOUNTED[@]}"; do
    [[ $1 != "$folder" && $1 != "${folder%/}"/* ]] || return 0
  done
  return 1
}

# look_at_tokenizer FOLDER: says where there is none, and fails then. tokenizer_config.json alone is none.
look_at_tokenizer() {
  local file
  for file in "$1"/tokenizer.json "$1"/tokenizer.model* "$1"/*.tiktoken "$1"/vocab* "$1"/tekken.json "$1"/*.model \
    "$1"/tokenization*.py; do
    is_there "$file" || continue
    look_at_file "$file"
    return
  done
  say problem "finds no tokenizer in $1, such as tokenizer.json; if it is elsewhere, set tokenizer-path in the args of the roles"
  return 1
}

# look_at_weights FOLDER: every file that an index names, or that another's name tells of (`-00001-of-00004`), or else any
# weights at all. Says what is missing, and fails then.
look_at_weights() {
  local folder=$1 index file number
  local -a part=()
  for index in "$folder"/*.safetensors.index.json "$folder"/*.bin.index.json; do
    is_there "$index" || continue
    look_at_file "$index" || return
    while IFS= read -r file; do
      look_at_file "$folder/$file" || return
    done < <(grep -oE '"[^"]+\.(safetensors|bin)"' "$index" | tr -d '"' | sort -u)
    return
  done
  for file in "$folder"/*.{safetensors,bin,pt,pth,gguf} ''; do
    ! is_there "$file" || break
  done
  if [[ -z $file ]]; then
    say problem "finds no weights in $folder, such as *.safetensors"
    return 1
  elif [[ ! $file =~ ^(.*-)([0-9]+)(-of-0*([1-9][0-9]*)\..*)$ ]]; then
    look_at_file "$file"
    return
  fi
  part=("${BASH_REMATCH[@]}")
  for ((number = 1; number <= part[4]; number++)); do
    printf -v file '%s%0*d%s' "${part[1]}" "${#part[2]}" "$number" "${part[3]}"
    if ! is_there "$file"; then
      say problem "misses $file, a part of the model's weights"
      return 1
    fi
    look_at_file "$file" || return
  done
}
