import notes from '../../config/compat/argument-notes.json' with { type: 'json' };
import { releasesOf } from '../../config/compat/engine-table.ts';
import { applyRenames } from '../../config/compat/flag-renames.ts';
import type { Engine } from '../engine.ts';
import { KERNEL_CACHES } from '../kernel-caches.ts';
import { checkAgreement } from './agreement.ts';
import { checkSizes } from './check-sizes.ts';
import { command, PORTS_OF_RANKS, ports } from './command.ts';
import managed from './managed.json' with { type: 'json' };
import { component, instances, mode, module } from './modules.ts';
import { sizes } from './sizes.ts';
import { checkVariables } from './variables.ts';

/** The modules whose arguments the tables know. */
const MODULES = /^dynamo\.sglang(\.(worker|decode_worker))?$/;

/** SGLang 0.4.9 to 0.5.23, with `dynamo/sglang` 0.4.0 to 1.6.1. */
export const sglang: Engine = {
  type: 'sglang',
  packageExtra: 'sglang',
  title: 'SGLang',
  module,
  release: (job) => releasesOf(job).sglang,
  programs: (config, releases) =>
    config.module === undefined || MODULES.test(config.module)
      ? [
          { name: 'dynamo.sglang', release: releases.dynamo },
          { name: 'sglang', release: releases.sglang },
        ]
      : [],
  settings: (given, role, job) => applyRenames(given, releasesOf(job), role),
  counterparts: notes.counterparts.sglang,
  managed,
  mode,
  sizes,
  checkSizes,
  checkRoles: (job) => [...checkAgreement(job), ...checkVariables(job)],

  command,
  ports,
  rankPorts: { name: 'dist-init', count: PORTS_OF_RANKS },
  ownPorts: ['bootstrap'],
  component,
  instances,
  surfaces: {
    'embedding-worker': 'embeddings',
    'rerank-worker': 'rerank',
    'image-diffusion-worker': 'media',
    'video-generation-worker': 'media',
  },
  mocked: MODULES,
  loadsModel: true,
  kernelCaches: KERNEL_CACHES.sglang,
  pythonModules: ['sglang'],
  // `_profile_available_bytes` of kv_cache_configurator.py: of what `measure_pre_model_load_memory` finds free.
  memory: {
    flag: '--mem-fraction-static',
    key: ['mem-fraction-static'],
    of: 'free',
    loaded: 'max_total_num_tokens=[0-9]',
  },
};
