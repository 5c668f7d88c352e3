# shellcheck shell=bash
# events.jsonl: one JSON object a line for each thing that happened. Only the job's own shell writes it.

# What the next line has to begin with: a line break after one that a full disk has cut off.
MEND=''

# event KIND NAME=TEXT NAME:=JSON ...: empty texts are left out. job.log gets the line too.
event() {
  local line field
  line="{\"time\":\"$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)\",\"kind\":\"$1\""
  shift
  for field in "$@"; do
    [[ $field =~ ^([a-zA-Z]+)(:?=)(.*)$ && -n ${BASH_REMATCH[3]} ]] || continue
    if [[ ${BASH_REMATCH[2]} == := ]]; then
      line+=",\"${BASH_REMATCH[1]}\":${BASH_REMATCH[3]}"
    else
      line+=",\"${BASH_REMATCH[1]}\":$(json_text "${BASH_REMATCH[3]}")"
    fi
  done
  printf '%s}\n' "$line"
  if { printf '%s%s}\n' "$MEND" "$line" >>"$RUN_DIR/events.jsonl"; } 2>/dev/null; then
    MEND=''
  else
    MEND=$'\n'
    echo "dyn-slurm: cannot write to $RUN_DIR/events.jsonl" >&2
  fi
}

# Seconds since the job started, with milliseconds.
since_start() {
  local ms=$(($(date +%s%3N) - STARTED))
  printf '%d.%03d' "$((ms / 1000))" "$((ms % 1000))"
}

json_text() {
  local LC_ALL=C text=$1
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  printf '"%s"' "${text//[[:cntrl:]]/ }"
}

json_list() {
  local item list=''
  for item in "$@"; do
    list+=",$(json_text "$item")"
  done
  printf '[%s]' "${list#,}"
}
