import { optionTable } from './options.ts';

export const SQUEUE = optionTable(`
  account A:
  all a
  array r
  clusters M:
  format o:
  Format O:
  help
  hide
  iterate i:
  jobs j:
  json ?
  licenses L:
  local
  long l
  me
  name n:
  noheader h
  nodelist w:
  only-job-state
  partition p:
  priority P
  qos q:
  sort S:
  start
  states t:
  steps s?
  usage
  user u:
  verbose v
  version V
  yaml ?
`);

export const SCANCEL = optionTable(`
  account A:
  batch b
  clusters M:
  ctld
  cron c
  full f
  help
  hurry H
  interactive i
  me
  name n:
  jobname :
  nodelist w:
  partition p:
  qos q:
  quiet Q
  reservation R:
  sibling :
  signal s:
  state t:
  usage
  user u:
  verbose v
  version V
  wckey :
`);
