/** SGLang listens on its dist-init port and the six after it; a worker's block is ten wide. */
export const DIST_INIT_PORTS = 7;
export const DIST_INIT_STRIDE = 10;
