import { afterEach, beforeEach, expect, test } from 'vitest';
import { RunFolder } from './run-folder.ts';

let run: RunFolder;
beforeEach(() => {
  run = new RunFolder();
  run.program(
    'ip',
    'case "$*" in *route*) echo "default dev e0" ;; *) echo "2: e0    inet 10.0.0.1/8 scope global e0" ;; esac',
  );
  run.program('df', 'echo Avail; echo 99999999');
  run.file('ports.sh', '');
});
afterEach(() => run.dispose());

/** What a node says whose nvidia-smi is this script of sh; 8 GPUs of a model are asked for. */
async function told(smi: string, model = 'h100', before = '') {
  run.program('nvidia-smi', `echo "$*" >>"$RUN_DIR/asked"\n${smi}`);
  run.file('preflight.sh', `${before}on 0 -- gpus 8 ${model}\n`);
  const { out } = await run.node(['MARK', 'auto'], { DYN_SLURM_NODES: 'n1', SLURMD_NODENAME: 'n1' });
  return out
    .split('\n')
    .map((line) => line.replace('MARK n1 ', ''))
    .filter((line) => line !== '' && !/^(address|clock) |lock only/.test(line));
}

const ROW = {
  used: '4 MiB',
  name: 'NVIDIA H100 80GB HBM3',
  mig: 'Disabled',
  ecc: '0',
  pending: 'No',
  failure: 'No',
  state: 'Completed',
  status: 'Success',
  uuid: '00000000-0000-0000-0000-000000000000',
  clique: '0',
};

/** A script that answers the query as nvidia-smi 580 does, for so many GPUs, of which some are different. */
function gpus(count: number, different: Readonly<Record<number, Partial<typeof ROW>>> = {}): string {
  const rows = Array.from({ length: count }, (_, index) =>
    [index, ...Object.values({ ...ROW, ...different[index] })].join(', '),
  );
  return `case "$1" in --query-gpu=*) printf '%s\\n' ${rows.map((row) => `'${row}'`).join(' ')} ;; *) exit 9 ;; esac`;
}
const all = (row: Partial<typeof ROW>) =>
  gpus(8, Object.fromEntries(Array.from({ length: 8 }, (_, i) => [i, row])));

test('whole GPUs of the right model, in one query', async () => {
  expect(await told(gpus(8))).toEqual([]);
  const { out } = await run.bash('cat "$RUN_DIR/asked"');
  expect(out).toBe(
    '--query-gpu=index,memory.used,name,mig.mode.current,ecc.errors.uncorrected.volatile.total,remapped_rows.pending,remapped_rows.failure,fabric.state,fabric.status,fabric.clusterUuid,fabric.cliqueId --format=csv,noheader\n',
  );
});

test.each([
  ['7 of 8', gpus(7), ['fault shows 7 GPUs, and workers need 8']],
  [
    'another model',
    all({ name: 'NVIDIA A100-SXM4-40GB' }),
    ['problem has NVIDIA A100-SXM4-40GB, and the config says `gpu: h100`'],
  ],
  ['H20', all({ name: 'NVIDIA H20' }), ['problem has NVIDIA H20, and the config says `gpu: h100`']],
  [
    'held memory',
    gpus(8, { 2: { used: '70000 MiB' }, 5: { used: '70998 MiB' } }),
    [
      "fault has GPUs with up to 70998 MiB in use before the job starts (2, 5): by another job's processes, or ones that are left over",
    ],
  ],
  [
    'MIG',
    gpus(8, { 0: { used: '[Insufficient Permissions]', mig: 'Enabled' } }),
    ['fault has GPUs in MIG mode, in which a process sees a slice only (0)'],
  ],
  [
    'ECC errors',
    gpus(8, { 3: { ecc: '2' } }),
    ['warning has GPUs with 2 uncorrected ECC errors since the driver was loaded (3)'],
  ],
  [
    'a row remap that is pending',
    gpus(8, { 3: { ecc: '0', pending: 'Yes' } }),
    ['fault has GPUs with a row remap pending after memory errors, and need a reset (3)'],
  ],
  [
    'fabric in progress',
    all({ state: 'In Progress', status: 'N/A' }),
    [
      'fault has GPUs whose fabric state is "In Progress", in which CUDA fails with error 802; look at the fabric manager (0, 1, 2, 3, 4, 5, 6, 7)',
    ],
  ],
  ['no fabric', all({ state: 'N/A', status: 'N/A', uuid: 'N/A', clique: 'N/A' }), []],
  [
    'an NVLink domain',
    all({ uuid: '52d1a7c1-0000-4000-8000-5e9a00000001', clique: '32766' }),
    ['domain 52d1a7c1-0000-4000-8000-5e9a00000001.32766'],
  ],
  [
    'no driver',
    'echo "NVIDIA-SMI has failed because it couldn\'t communicate with the NVIDIA driver."; exit 9',
    [
      "fault has an nvidia-smi that fails with exit code 9: NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.",
    ],
  ],
])('%s', async (_, smi, said) => {
  expect(await told(smi)).toEqual(said);
});

test('a model is a word of the name', async () => {
  expect(await told(all({ name: 'NVIDIA GB200' }), 'b200')).toHaveLength(1);
  expect(await told(all({ name: 'NVIDIA GB200' }), 'gb200')).toEqual([]);
  expect(await told(all({ name: 'NVIDIA B300 SXM6 AC' }), 'b300')).toEqual([]);
  expect(await told(all({ name: 'anything' }), '')).toEqual([]);
});

test('a driver that does not know the newest fields is asked without them', async () => {
  const old = `case "$1" in
  *fabric*) echo 'Field "fabric.state" is not a valid field to query.'; exit 2 ;;
  --query-gpu=*) for i in 0 1 2 3 4 5 6; do echo "$i, 0 MiB, NVIDIA H100, Disabled, 0"; done; echo '7, 50000 MiB, NVIDIA H100, Disabled, 0' ;;
esac`;
  expect(await told(old)).toEqual([
    "fault has GPUs with up to 50000 MiB in use before the job starts (7): by another job's processes, or ones that are left over",
  ]);
});

test('an nvidia-smi that hangs is named, and nothing waits for it', async () => {
  expect(await told('exec sleep 300', 'h100', 'SMI_TIME=1\n')).toEqual([
    'fault has an nvidia-smi that gives no answer within 1 s, so its GPUs or their driver hang',
  ]);
});

test('full folders are named', async () => {
  run.program('df', 'case "$*" in */dev/shm) echo Avail; echo 1024 ;; *) echo Avail; echo 1048576 ;; esac');
  expect(await told(gpus(8))).toEqual([
    'fault has only 1 MB left in /dev/shm, which engines need',
    'warning has only 1024 MB left in /tmp, which may be too little for engines',
  ]);
});

/** What a node says that has these programs, and 8 GPUs of a model are asked for. */
async function toldBy(programs: Readonly<Record<string, string>>, model = 'mi355x') {
  for (const [name, script] of Object.entries(programs)) run.program(name, script);
  run.file('preflight.sh', `on 0 -- gpus 8 ${model}\n`);
  const { out } = await run.node(['MARK', 'auto'], { DYN_SLURM_NODES: 'n1', SLURMD_NODENAME: 'n1' });
  return out
    .split('\n')
    .map((line) => line.replace('MARK n1 ', ''))
    .filter((line) => line !== '' && !/^(address|clock) |lock only/.test(line));
}

const rows = (header: string, row: (index: number) => string, count = 8) =>
  `printf '%s\\n' '${header}' ${Array.from({ length: count }, (_, i) => `'${row(i)}'`).join(' ')}`;

/** `amd-smi` of ROCm 7.2, with so many GPUs, of which GPU 5 holds so many MB. */
const amdSmi = (count: number, name = 'AMD Instinct MI355X', held = 283) => `case "$*" in
  'static --asic --csv') ${rows('gpu,market_name,vendor_id,vendor_name,subvendor_id,device_id,subsystem_id,rev_id,asic_serial,oam_id,num_compute_units,target_graphics_version', (i) => `${i},${name},0x1002,Advanced Micro Devices Inc. [AMD/ATI],0x1002,0x75a3,0x75a3,0x00,0x${i}ABC,${i},256,gfx950`, count)} ;;
  'metric --mem-usage --csv') ${rows('gpu,total_vram,used_vram,free_vram,total_visible_vram,used_visible_vram,free_visible_vram,total_gtt,used_gtt,free_gtt', (i) => `${i},294896,${i === 5 ? held : 283},294613,294896,283,294613,1547813,14,1547799`, count)} ;;
  *) exit 9 ;;
esac`;
/** \`rocm-smi\` of ROCm 6. */
const rocmSmi = (count: number, name = 'AMD Instinct MI355X', held = 298_688_512) =>
  rows(
    'device,VRAM Total Memory (B),VRAM Total Used Memory (B),Card Series,Card Model,Card Vendor,Card SKU,Subsystem ID,Device Rev,Node ID,GUID,GFX Version',
    (i) =>
      `card${i},309220868096,${i === 5 ? held : 298_688_512},${name},0x75a3,Advanced Micro Devices Inc. [AMD/ATI],M350,0x75a3,0x00,${i},5102${i},gfx950`,
    count,
  );
const HELD =
  "fault has GPUs with up to 70998 MiB in use before the job starts (5): by another job's processes, or ones that are left over";

test.each([
  ['amd-smi', amdSmi(8), []],
  ['rocm-smi', rocmSmi(8), []],
  ['amd-smi', amdSmi(7), ['fault shows 7 GPUs, and workers need 8']],
  ['rocm-smi', rocmSmi(7), ['fault shows 7 GPUs, and workers need 8']],
  [
    'amd-smi',
    amdSmi(8, 'AMD Instinct MI300X'),
    ['problem has AMD Instinct MI300X, and the config says `gpu: mi355x`'],
  ],
  [
    'rocm-smi',
    rocmSmi(8, 'AMD Instinct MI300X'),
    ['problem has AMD Instinct MI300X, and the config says `gpu: mi355x`'],
  ],
  // A name that the release does not know.
  ['amd-smi', amdSmi(8, 'N/A'), []],
  ['rocm-smi', rocmSmi(8, '0x75a3'), []],
  ['amd-smi', amdSmi(8, 'AMD Instinct MI355X', 70_998), [HELD]],
  ['rocm-smi', rocmSmi(8, 'AMD Instinct MI355X', 70_998 * 1024 * 1024), [HELD]],
  [
    'amd-smi',
    'echo "ERROR: No permission to access /dev/kfd" >&2; exit 3',
    ['fault has an amd-smi that fails with exit code 3: ERROR: No permission to access /dev/kfd'],
  ],
  ['rocm-smi', 'exit 2', ['fault has a rocm-smi that fails with exit code 2: it says nothing']],
])('GPUs of AMD by %s', async (tool, script, said) => {
  expect(await toldBy({ [tool]: script })).toEqual(said);
});

test('rocm-smi, which is older, is asked beside amd-smi only where that fails', async () => {
  expect(await toldBy({ 'amd-smi': amdSmi(8), 'rocm-smi': 'exit 1' })).toEqual([]);
  const broken = `echo "ModuleNotFoundError: No module named 'amdsmi'" >&2; exit 1`;
  expect(await toldBy({ 'amd-smi': broken, 'rocm-smi': rocmSmi(7) })).toEqual([
    'fault shows 7 GPUs, and workers need 8',
  ]);
});

test('what rocm-smi warns of before its table is passed over', async () => {
  expect(
    await toldBy({
      'rocm-smi': `echo 'WARNING: AMD GPU device(s) is/are in a low-power state.'\n${rocmSmi(8)}`,
    }),
  ).toEqual([]);
});
