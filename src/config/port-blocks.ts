/**
 * Ports of a worker's leader, from its dist-init port on: SGLang listens on that and the six after it, and
 * with DP attention, while it starts, on the thirteenth, `DP_ATTENTION_HANDSHAKE_PORT_DELTA` of its
 * server_args.py. The NCCL port is chosen here, between the two.
 */
export const DIST_INIT_PORTS = 7;
export const NCCL_PORT_OFFSET = 7;
export const DP_HANDSHAKE_OFFSET = 13;
/** From one worker of a node to the next. */
export const DIST_INIT_STRIDE = 20;
