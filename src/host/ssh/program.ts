import { quote } from '../../render/shell.ts';
import { FIND_LOOSE } from '../ancestors.ts';
import { INHERITED, SYSTEM_PATH } from '../environment.ts';
import type { HostFile } from '../host.ts';

/** Programs in bash for the login node. They travel on standard input: no word of them is ever seen by `ps`. */

/**
 * What a remote bash does all its life: it takes programs from standard input, see sentProgram, and runs them one after
 * the other, each in a process group of its own. An answer is the program's output, with notes `! TEXT` in it,
 * then the mark `e`, its errors, and the mark `=STATUS`; see MarkScanner. A program that was killed leaves `.` instead.
 * dd turns an answer into a single write: several small ones would each wait for an acknowledgement on their way
 * through a bastion. Needs bash 4.0.
 */
export function shellLoop(sentinel: string, folders: readonly string[]): string {
  return `{
for n in $(compgen -e); do
  case $n in ${[...INHERITED, 'PATH'].join('|')}) ;; *) unset -v "$n" 2>/dev/null ;; esac
done
PATH=\${PATH:-${SYSTEM_PATH}}
export PATH=${[...folders.map(remotePath), '$PATH'].join(':')}
umask 077
cd ~ 2>/dev/null || cd /
s=${sentinel}
set -m
note() { printf '\\n%s ! %s\\n' "$s" "$*"; }
note "shell $$ $HOME"
while IFS= read -r n; do
  if ((n == 0)); then
    IFS= read -r -d '' p || exit
  else
    p=$(head -c "$n")
    [[ $p == *"# $s" ]] || exit
  fi
  (
    exec 3>&1
    e=$(eval "$p" 2>&1 >&3 3>&-)
    printf '\\n%s e\\n%s\\n%s =%s\\n' "$s" "$e" "$s" "$?"
    exit 0
  ) </dev/null | dd obs=1M status=none
  ((PIPESTATUS[0] == 0)) || printf '\\n%s .\\n' "$s"
done
exit
}
`;
}

/** Bytes of a program from which on it is worth a process to read it. */
const LARGE = 4096;

/**
 * A program as the loop takes it: none that was cut off on its way is ever run. A small one is ended by NUL; bash reads
 * it byte by byte, which would take long for a large one, so head reads that, and its end has a mark.
 */
export function sentProgram(program: string, sentinel: string): string {
  if (program.length < LARGE) return `0\n${program}\0`;
  const marked = `${program}\n# ${sentinel}`;
  return `${Buffer.byteLength(marked)}\n${marked}`;
}

/** A path as a word of bash; `~` is the home on that machine. */
export function remotePath(path: string): string {
  if (path === '~') return '"$HOME"';
  return path.startsWith('~/') ? `"$HOME"/${quote(path.slice(2))}` : quote(path);
}

/** Becomes the command. Notes `missing` where there is no such program. */
export function execProgram(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  input: string | undefined,
): string {
  const [program = ''] = argv;
  const exports = Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}\n`);
  const stdin = input === undefined ? '' : ` < <(printf %s ${quote(input)})`;
  return `type -P -- ${quote(program)} >/dev/null || { note missing; exit 127; }
${exports.join('')}exec -- ${argv.map(quote).join(' ')}${stdin}
`;
}

/** Finds a program as a login shell would: prints its path on the last line. */
export function whereProgram(program: string): string {
  return `exec bash -lc ${quote(`type -P -- ${quote(program)}`)}`;
}

/** Ends what the shell with a pid runs, with a second for it to do so by itself. */
export function killProgram(shell: number): string {
  return `g=$(ps -A -o ppid= -o pgid= | while read -r p g; do [[ $p != ${shell} ]] || { echo "$g"; break; }; done)
[[ $g ]] || exit 0
kill -TERM -- "-$g"
for i in 1 2 3 4 5; do
  kill -0 -- "-$g" 2>/dev/null || exit 0
  sleep 0.2
done
kill -KILL -- "-$g"
`;
}

/**
 * Makes the folder and the files, or notes `refused<TAB>PATH<TAB>WHAT` with the reason as output. `folders`: those of
 * the files, relative, outer ones first. `again`: the first time may have been cut off, so that a file may be there
 * that holds the same.
 */
export function writeProgram(
  dir: string,
  folders: readonly string[],
  files: ReadonlyMap<string, HostFile>,
  again: boolean,
): string {
  const within = (path: string) => `"$d"/${quote(path)}`;
  const entries = [...files].map(([path, { text }]) => `put ${within(path)} ${quote(text)}`);
  // Files are 0600 by the umask.
  const modes = new Set([...files.values()].map(({ mode }) => mode).filter((mode) => mode !== 0o600));
  const chmods = [...modes].map((mode) => {
    const paths = [...files].filter(([, file]) => file.mode === mode).map(([path]) => within(path));
    return `chmod ${mode.toString(8)} -- ${paths.join(' ')} || refuse "$d" 'cannot be written'`;
  });
  return `refuse() {
  note "refused"$'\\t'"$1"$'\\t'"$2"
  printf %s "\${3-}"
  [[ -z $new ]] || rm -rf -- "$d"
  exit 1
}
own() {
  local said
  said=$(LC_ALL=C mkdir -m 700 -- "$1" 2>&1) || [[ -e $1 || -L $1 ]] || refuse "$1" 'cannot be created' "$said"
  [[ ! -L $1 ]] || refuse "$1" 'is a symbolic link'
  [[ -d $1 ]] || refuse "$1" 'is not a folder'
  [[ -O $1 ]] || refuse "$1" "belongs to user $(stat -c %u -- "$1")"
  chmod 700 -- "$1" || refuse "$1" 'cannot be created private'
}
${FIND_LOOSE}put() {
  local said
  if [[ -e $1 || -L $1 ]]; then
    ${again ? '[[ -f $1 && ! -L $1 && -O $1 ]] && printf %s "$2" | cmp -s -- - "$1" && return' : ''}
    refuse "$1" 'already exists'
  fi
  said=$({ printf %s "$2" >"$1"; } 2>&1) || refuse "$1" 'cannot be written' "$said"
}
set -C
d=${remotePath(dir)}
new=
mkdir -p -- "$(dirname -- "$d")" || refuse "$d" 'cannot be created'
[[ $d == /* ]] || d=$PWD/$d
above "$(dirname -- "$d")"
[[ -e $d || -L $d ]] || new=1
own "$d"
${folders.map((folder) => `own ${within(folder)}`).join('\n')}
${entries.join('\n')}
${chmods.join('\n')}
`;
}

/** Notes `part SIZE ID` and prints the bytes, or notes `absent`. Opens the file anew, for the sake of NFS. */
export function readProgram(path: string, offset: number, length: number): string {
  const bytes = length === 0 ? 'true' : `tail -c +${offset + 1} | head -c ${length}`;
  return `f=${remotePath(path)}
[[ -f $f ]] || { note absent; exit 0; }
{
  a=$(stat -L -c '%s %d:%i' -) || exit
  note "part $a"
  [[ \${a%% *} -le ${offset} ]] || ${bytes}
} <"$f"
`;
}

export function readAllProgram(path: string): string {
  return `f=${remotePath(path)}
[[ -f $f ]] || { note absent; exit 0; }
cat <"$f"
`;
}

/** text FILE: prints `+` and the file, or nothing where there is none, and NUL; without a process for each of many. */
const TEXT = `text() {
  local t
  if [[ -f $1 && -r $1 ]]; then
    IFS= read -r -d '' t 2>/dev/null <"$1"
    printf '+%s'  "$t"
  fi
  printf '\\0'
}`;

export function readTextsProgram(paths: readonly string[]): string {
  return `${TEXT}
${paths.map((path) => `text ${remotePath(path)}`).join('\n')}
`;
}

/** Prints the name of every folder in a folder, and NUL, and its file. */
export function readEachProgram(dir: string, file: string): string {
  return `${TEXT}
cd -- ${remotePath(dir)} 2>/dev/null || exit 0
shopt -s nullglob dotglob
for d in */; do
  printf '%s\\0' "\${d%/}"
  text "$d"${quote(file)}
done
`;
}

/** Prints names with NUL after each. */
export function listProgram(dir: string): string {
  return `cd -- ${remotePath(dir)} 2>/dev/null || exit 0
shopt -s nullglob dotglob
printf '%s\\0' *
`;
}

export function removeProgram(path: string): string {
  return `rm -rf -- ${remotePath(path)}`;
}
