import { optionTable } from './options.ts';

// Every option of Slurm 22.05 to 24.11 that these programs take, so that a bundle is accepted here where Slurm accepts
// it; most are read and left alone.

const ALLOCATION = `
  account A:
  acctg-freq :
  bb :
  bbf :
  begin b:
  chdir D:
  clusters M:
  cluster-constraint :
  comment :
  constraint C:
  container :
  container-id :
  contiguous
  core-spec S:
  cores-per-socket :
  cpu-freq :
  cpus-per-gpu :
  cpus-per-task c:
  deadline :
  delay-boot :
  dependency d:
  distribution m:
  exclude x:
  exclusive ?
  extra :
  extra-node-info B:
  get-user-env ?
  gid :
  gpu-bind :
  gpu-freq :
  gpus G:
  gpus-per-node :
  gpus-per-socket :
  gpus-per-task :
  gres :
  gres-flags :
  help h
  hint :
  hold H
  job-name J:
  licenses L:
  mail-type :
  mail-user :
  mcs-label :
  mem :
  mem-bind :
  mem-per-cpu :
  mem-per-gpu :
  mincpus :
  network :
  nice ?
  no-kill k?
  nodefile F:
  nodelist w:
  nodes N:
  ntasks n:
  ntasks-per-core :
  ntasks-per-gpu :
  ntasks-per-node :
  ntasks-per-socket :
  oom-kill-step ?
  overcommit O
  oversubscribe s
  partition p:
  power :
  prefer :
  priority :
  profile :
  qos q:
  quiet Q
  reboot
  reservation :
  resv-ports ?
  segment :
  signal :
  sockets-per-node :
  spread-job
  stepmgr
  switches :
  thread-spec :
  threads-per-core :
  time t:
  time-min :
  tmp :
  tres-bind :
  tres-per-task :
  uid :
  usage
  use-min-nodes
  verbose v
  version V
  wait-all-nodes :
  wckey :
`;

export const SBATCH = optionTable(
  ALLOCATION,
  `
  array a:
  batch :
  error e:
  export :
  export-file :
  ignore-pbs
  input i:
  kill-on-invalid-dep :
  no-requeue
  open-mode :
  output o:
  parsable
  propagate ?
  requeue ?
  test-only
  wait W
  wrap :
`,
);

export const SALLOC = optionTable(
  ALLOCATION,
  `
  bell
  immediate I?
  kill-command K?
  no-bell
  no-shell
  x11 ?
`,
);

/** The last group is pyxis': https://github.com/NVIDIA/pyxis */
export const SRUN = optionTable(
  ALLOCATION,
  `
  accel-bind :
  bcast ?
  bcast-exclude :
  compress ?
  cpu-bind :
  debugger-test
  disable-status X
  epilog :
  error e:
  exact
  export :
  export-file :
  external-launcher
  het-group :
  immediate I?
  input i:
  interactive
  jobid :
  kill-on-bad-exit K?
  label l
  max-threads T:
  mpi :
  msg-timeout :
  multi-prog
  no-allocate Z
  open-mode :
  output o:
  overlap
  preserve-env E
  prolog :
  propagate ?
  pty
  quit-on-interrupt
  relative r:
  send-libs ?
  slurmd-debug :
  task-epilog :
  task-prolog :
  threads :
  unbuffered u
  wait W:
  whole
  x11 ?
`,
  `
  container-entrypoint
  container-entrypoint-log
  container-env :
  container-image :
  container-mount-home
  container-mounts :
  container-name :
  container-readonly
  container-remap-root
  container-save :
  container-workdir :
  container-writable
  no-container-entrypoint
  no-container-mount-home
  no-container-remap-root
`,
);
