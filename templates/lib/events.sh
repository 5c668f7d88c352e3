# shellcheck shell=bash
# events.jsonl: one JSON object a line for each thing that happened. Only the job's own shell writes it.

# What the next line begins with: a line break, after a line that a full disk has cut off.
MEND=''

# event KIND NAME=TEXT NAME:=JSON ...: empty texts are left out. job.log gets the line too. It starts no process, for
# some are written between the starts of steps.
event() {
  local line field NOW JSON
  now
  TZ=UTC printf -v line '{"time":"%(%Y-%m-%dT%H:%M:%S)T.%sZ","kind":"%s"' "${NOW:0:-3}" "${NOW: -3}" "$1"
  shift
  for field in "$@"; do
    [[ $field =~ ^([a-zA-Z]+)(:?=)(.*)$ && -n ${BASH_REMATCH[3]} ]] || continue
    if [[ ${BASH_REMATCH[2]} == := ]]; then
      line+=",\"${BASH_REMATCH[1]}\":${BASH_REMATCH[3]}"
    else
      line+=",\"${BASH_REMATCH[1]}\":"
      json "${BASH_REMATCH[3]}"
      line+=$JSON
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

# now: sets NOW, milliseconds since 1970. Before bash 5 there is no EPOCHREALTIME, whose point may be a comma.
now() {
  if [[ -n ${EPOCHREALTIME:-} ]]; then
    NOW=${EPOCHREALTIME/[.,]/}
    NOW=${NOW:0:-3}
  else
    NOW=$(date +%s%3N)
  fi
}

# since MS: the seconds since that time, with milliseconds.
since() {
  local NOW
  now
  printf '%d.%03d' "$(((NOW - $1) / 1000))" "$(((NOW - $1) % 1000))"
}

since_start() {
  since "$STARTED"
}

# json TEXT...: sets JSON, the text as a string; several separated by commas.
json() {
  local LC_ALL=C text
  JSON=''
  for text in "$@"; do
    text=${text//\\/\\\\}
    text=${text//\"/\\\"}
    JSON+=",\"${text//[[:cntrl:]]/ }\""
  done
  JSON=${JSON#,}
}

json_text() {
  local JSON
  json "$1"
  printf '%s' "$JSON"
}

json_list() {
  local JSON
  json "$@"
  printf '[%s]' "$JSON"
}
