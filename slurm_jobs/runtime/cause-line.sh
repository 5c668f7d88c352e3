# shellcheck shell=bash
# Which line of a log says why its process ended. Sourced by task.sh, on the nodes, and by lib.sh. causes.txt, which is
# rendered, has the patterns; src/causes/judge.ts judges in the same way by the same patterns.

# Bytes and lines at the end of a log that are judged.
JUDGED_BYTES=262144
JUDGED_LINES=2000
# Lines of a process at work after which an earlier line did not end it; one of an engine at work counts for ten.
OUTLIVED=30

# Regular expressions that tell kinds of lines, by name. By pattern: the pattern, and the number of its signature in the order
# in which they count. By signature: its grade, and what rules it out. Words of which every line that matches has one.
declare -A FORM=()
SIGNATURE_PATTERN=() SIGNATURE_OF=() SIGNATURE_GRADE=() SIGNATURE_NOT=() CONSEQUENCE_PATTERN=() KNOWN_WORDS=()

# read_patterns: sets them from causes.txt, whose form src/render/cause-patterns.ts tells.
read_patterns() {
  local row rest
  while IFS= read -r row; do
    rest=${row#* }
    case ${row%% *} in
      form) FORM[${rest%% *}]=${rest#* } ;;
      word) KNOWN_WORDS+=("$rest") ;;
      consequence) CONSEQUENCE_PATTERN+=("$rest") ;;
      signature) SIGNATURE_GRADE+=("${rest%% *}") SIGNATURE_NOT+=("${rest#* }") ;;
      says) SIGNATURE_PATTERN+=("$rest") SIGNATURE_OF+=("$((${#SIGNATURE_GRADE[@]} - 1))") ;;
    esac
  done <"$RUN_DIR/runtime/causes.txt" 2>/dev/null
}

# judge_log FILE [START]: sets CAUSE_LINE, empty where there is none, and CAUSE_GRADE: 6 known as a cause, 5 what ended the
# engine, 4 a crash without words, 3 an exception, 2 known as a consequence of something elsewhere, 1 looks like an error,
# 0 the last line; and CAUSE_OUTLIVED: 1 where the process went on working after it. START: bytes at the
# beginning of the file that belong to an earlier process.
judge_log() {
  local LC_ALL=C file=$1 start=${2:-0} size at text grade known
  local inside=0 chain='' fatal=0 calm=0 source='' farewell='' root=-1 root_source='' root_lookup=0 root_plain=0
  local -a LINES=() HAS_WORD=() BEST_AT=() BEST_CALM=() BEST_ORDER=() BEST_SOURCE=()
  CAUSE_LINE='' CAUSE_GRADE=0 CAUSE_OUTLIVED=0
  size=$(stat -c %s "$file" 2>/dev/null) || return 0
  size=$((size - start))
  ((size > 0)) || return 0
  ((${#SIGNATURE_PATTERN[@]})) || read_patterns || return 0
  read_judged "$file" "$((size < JUDGED_BYTES ? size : JUDGED_BYTES))"
  for at in "${!LINES[@]}"; do
    [[ ${LINES[at]} == *[![:space:]]* ]] || continue
    strip_prefix "${LINES[at]}"
    case $text in
      *'Traceback (most recent call last):'*)
        [[ -n $chain ]] || root=-1 fatal=0
        [[ $text != *'hit an exception'* ]] || fatal=1
        inside=1 source=''
        continue
        ;;
      'The above exception was the direct cause'*) chain=direct && continue ;;
      'During handling of the above exception'*) chain=handling && continue ;;
    esac
    if ((inside)) && [[ $text =~ ${FORM[frame]} ]]; then
      [[ $text == *'File "'* || $text =~ ${FORM[pointers]} ]] || trim_source
      continue
    fi
    weigh_line "$at"
  done
  for grade in 6 5 4 3 2 1 0; do
    [[ -n ${BEST_AT[grade]:-} ]] || continue
    CAUSE_GRADE=$grade
    # shellcheck disable=SC2034 # only lib.sh uses it
    ! outlived "$grade" || CAUSE_OUTLIVED=1
    whole_message "${BEST_AT[grade]}" "${BEST_SOURCE[grade]}"
    return
  done
  # An error that only follows from something is better than nothing.
  [[ -z $farewell ]] || whole_message "$farewell" ''
}

# read_judged FILE BYTES: sets LINES, as a person would see them, and for those with a known word HAS_WORD. The first of
# so many bytes may be in the middle of a line, whose rest could mean something else.
read_judged() {
  local escape=$'\033' return=$'\r' at rest
  mapfile -t LINES < <(tail -c "$2" "$1" | tr '\000' ' ' |
    sed -e "s/$return*\$//" -e "s/.*$return//" -e "s/$escape\\[[0-9;?]*[A-Za-z]//g" -e '/^{/s/\\n/\n/g' |
    cut -b 1-2000 | tail -n "$JUDGED_LINES")
  (($2 < JUDGED_BYTES || ${#LINES[@]} < 2)) || LINES=("${LINES[@]:1}")
  ((${#LINES[@]})) || return 0
  while IFS=: read -r at rest; do
    HAS_WORD[at - 1]=1
  done < <(printf '%s\n' "${LINES[@]}" | grep -naFf <(printf '%s\n' "${KNOWN_WORDS[@]}"))
}

# strip_prefix LINE: sets text to the line without what launchers put before it.
strip_prefix() {
  text=$1
  for _ in 1 2 3; do
    [[ $text =~ ${FORM[prefix]} && -n ${BASH_REMATCH[0]} ]] || return 0
    text=${text:${#BASH_REMATCH[0]}}
  done
}

# trim_source: the frame's source is what a bare AssertionError means.
trim_source() {
  source=${text#"${text%%[![:space:]]*}"}
  source=${source%"${source##*[![:space:]]}"}
}

# weigh_line AT: what a line that is no frame of a traceback says.
weigh_line() {
  local at=$1 line=${LINES[$1]} mild=0 exceptional=${FORM[named]} known=''
  ((!inside)) || exceptional=${FORM[exception]}
  if [[ -n ${HAS_WORD[at]:-} ]] && is_consequence "$line" || [[ $text =~ ${FORM[departing]} ]]; then
    [[ ! $text =~ ${FORM[exception]} ]] || inside=0 chain=''
    [[ -n $farewell || ! $text =~ ${FORM[error]} ]] || farewell=$at
    return 0
  fi
  [[ $line =~ ${FORM[stern]} ]] || [[ ! ${line:0:120} =~ ${FORM[mild]} && ! $line =~ ${FORM[listing]} ]] || mild=1
  if ((!mild)) && [[ -n ${HAS_WORD[at]:-} ]]; then
    find_signature "$line"
    if [[ -n $known && ${SIGNATURE_GRADE[known]} != 1 ]]; then
      grade=${SIGNATURE_GRADE[known]}
      if [[ -z ${BEST_AT[grade]:-} ]] || ((BEST_ORDER[grade] > known)) || outlived "$grade"; then
        BEST_AT[grade]=$at BEST_CALM[grade]=$calm BEST_ORDER[grade]=$known BEST_SOURCE[grade]=''
      fi
    fi
  fi
  if ((!mild)) && [[ $text =~ $exceptional ]]; then
    weigh_exception "$at"
    return
  fi
  [[ -z $known || ${SIGNATURE_GRADE[known]} == 1 ]] || return 0
  grade=0
  if [[ -n $known ]] || { ((!mild)) && [[ ! $text =~ ${FORM[frame]} && $text =~ ${FORM[error]} ]]; }; then
    grade=1
  elif [[ $text =~ ${FORM[working]} ]]; then
    ((calm += 10))
  elif ((mild)) || [[ $text =~ ${FORM[stamped]} ]]; then
    ((calm += 1))
  fi
  BEST_AT[grade]=$at BEST_CALM[grade]=$calm BEST_SOURCE[grade]=''
}

# outlived GRADE: whether the process went on working after the line that counts.
outlived() {
  [[ -n ${BEST_AT[$1]:-} ]] && ((calm - BEST_CALM[$1] >= OUTLIVED))
}

# weigh_exception AT: the first of a chain counts, but for one that was only asked and answered.
weigh_exception() {
  local at=$1
  if [[ -z $chain || $root -lt 0 ]] || [[ $chain == handling && $root_lookup == 1 ]]; then
    root=$at root_source=$source root_lookup=0 root_plain=0
    [[ ! $text =~ ${FORM[lookup]} ]] || root_lookup=1
    [[ -n $known && ${SIGNATURE_GRADE[known]} != 1 ]] || root_plain=1
  fi
  inside=0 chain=''
  ((root_plain)) || return 0
  grade=$((fatal ? 5 : 3))
  BEST_AT[grade]=$root BEST_CALM[grade]=$calm BEST_SOURCE[grade]=$root_source
  for grade in 6 4; do
    ! outlived "$grade" || unset "BEST_AT[$grade]"
  done
}

# is_consequence LINE: whether it only follows from a failure, or is always there.
is_consequence() {
  local pattern
  for pattern in "${CONSEQUENCE_PATTERN[@]}"; do
    # shellcheck disable=SC2053 # it is a pattern
    [[ $1 != $pattern ]] || return 0
  done
  return 1
}

# find_signature LINE: sets known to the number of the first signature that it bears.
find_signature() {
  local index
  for index in "${!SIGNATURE_PATTERN[@]}"; do
    # shellcheck disable=SC2053 # they are patterns
    if [[ $1 == ${SIGNATURE_PATTERN[index]} && $1 != ${SIGNATURE_NOT[SIGNATURE_OF[index]]} ]]; then
      known=${SIGNATURE_OF[index]}
      return
    fi
  done
}

# whole_message AT SOURCE: sets CAUSE_LINE to the chosen line, with those that go on where it says nothing by itself.
whole_message() {
  local at=$1 bare='^[A-Za-z_.]+:?$' begun=0 next message text=''
  strip_prefix "${LINES[at]}"
  text=${text#"${text%%[![:space:]]*}"}
  message=${text%"${text##*[![:space:]]}"}
  # A message that begins with a line break: the source has only what raised it.
  [[ $message != *: || $2 != 'raise '* ]] || begun=1
  if ((!begun)) && [[ -n $2 && $message =~ $bare ]]; then
    message="${message%:}: $2"
  elif ! last_error_after "$at" && [[ $message =~ ${FORM[silent]} ]]; then
    for ((next = at + 1; next <= at + 3 && next < ${#LINES[@]}; next++)); do
      strip_prefix "${LINES[next]}"
      ((!begun || next > at + 1)) || [[ $text == *[![:space:]]* ]] || continue
      [[ $text == *[![:space:]]* && $text != *'Traceback ('* && ! $text =~ ${FORM[stamped]} ]] || break
      ! is_consequence "$text" || break
      trim_source
      message+=" $source"
    done
  fi
  CAUSE_LINE=${message//[[:cntrl:]]/ }
  CAUSE_LINE=${CAUSE_LINE:0:500}
}

# last_error_after AT: whether NCCL's own words follow soon; adds them to message.
last_error_after() {
  local next
  for ((next = $1 + 1; next <= $1 + 8 && next < ${#LINES[@]}; next++)); do
    strip_prefix "${LINES[next]}"
    [[ $text == 'Last error:' ]] || continue
    strip_prefix "${LINES[next + 1]:-}"
    message+=" $text"
    return 0
  done
  return 1
}
