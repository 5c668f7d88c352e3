"""Keys of the file in which TensorRT-LLM takes its arguments: fields of `TorchLlmArgs` and of the classes below it.

NVIDIA's wheels are on an index of its own, and PyPI has only a stub of each. So these are no wheels' but written down from
TensorRT-LLM's published reference, by these releases:

1.0.0, 1.2.0, 1.3.0rc14: the index of the reference of that release (gh-pages, `RELEASE/searchindex.js`).
1.3.0rc29: the reference of main on 2026-09-26 (commit c76f4a8; rc28 is of 09-23, rc29 of 09-29), with the pages of rc28 and
rc29 for `KvCacheConfig` and `MTPDecodingConfig`, and the paths in `tensorrt_llm/usage/llm_args_golden_manifest.json`.

A release between two of them takes what either takes. All classes refuse keys that they do not have (`extra="forbid"`).
A `*` stands for keys that are not known in that release.
"""

from .declared import Argument

# Of the first release all keys, of the others what came and, with a minus, what went: map (or '' for the top), keys.
SNAPSHOTS = {
    "1.0.0": {
        "": "allreduce_strategy attention_dp_config attn_backend backend batched_logits_processor build_config "
        "cache_transceiver_config checkpoint_format checkpoint_loader context_parallel_size cp_config cuda_graph_config "
        "decoding_config disable_overlap_scheduler dtype enable_attention_dp enable_autotuner enable_chunked_prefill "
        "enable_iter_perf_stats enable_iter_req_stats enable_layerwise_nvtx_marker enable_lora enable_min_latency "
        "enable_mixed_sampler enable_trtllm_sampler fail_fast_on_attention_window_too_large force_dynamic_quantization "
        "garbage_collection_gen0_threshold gather_generation_logits gpus_per_node guided_decoding_backend "
        "iter_stats_max_iterations kv_cache_config load_format lora_config max_batch_size max_beam_width max_input_len "
        "max_num_tokens max_seq_len model moe_cluster_parallel_size moe_config moe_expert_parallel_size "
        "moe_tensor_parallel_size mpi_session num_postprocess_workers peft_cache_config pipeline_parallel_size "
        "postprocess_tokenizer_dir print_iter_log quant_config reasoning_parser request_stats_max_iterations revision "
        "scheduler_config skip_tokenizer_init speculative_config stream_interval tensor_parallel_size tokenizer "
        "tokenizer_mode tokenizer_revision torch_compile_config trust_remote_code",
        "attention_dp_config": "batching_wait_iters enable_balance timeout_iters",
        "cache_transceiver_config": "backend max_tokens_in_buffer",
        "cuda_graph_config": "batch_sizes enable_padding max_batch_size",
        "kv_cache_config": "copy_on_partial_reuse cross_kv_cache_fraction dtype enable_block_reuse enable_partial_reuse "
        "event_buffer_max_size free_gpu_memory_fraction host_cache_size max_attention_window max_tokens onboard_blocks "
        "secondary_offload_min_priority sink_token_length use_uvm",
        "moe_config": "backend load_balancer max_num_tokens",
        "scheduler_config": "capacity_scheduler_policy context_chunking_policy dynamic_batch_config",
        "scheduler_config.dynamic_batch_config": "dynamic_batch_moving_average_window enable_batch_size_tuning "
        "enable_max_num_tokens_tuning",
        "speculative_config": "BEGIN_THINKING_PHASE_TOKEN END_THINKING_PHASE_TOKEN decoding_type drafter "
        "dynamic_tree_max_topK eagle3_one_model eagle_choices greedy_sampling is_auto_heuristic is_keep_all "
        "is_public_pool is_use_oldest max_draft_len max_matching_ngram_size max_ngram_size max_non_leaves_per_layer "
        "max_verification_set_size max_window_size medusa_choices num_eagle_layers num_medusa_heads "
        "num_nextn_predict_layers num_nextn_predict_layers_from_model_config posterior_threshold relaxed_delta "
        "relaxed_topk resource_manager speculative_model_dir use_dynamic_tree use_mtp_vanilla "
        "use_relaxed_acceptance_for_thinking",
        "torch_compile_config": "capture_num_tokens enable_fullgraph enable_inductor enable_piecewise_cuda_graph "
        "enable_userbuffers max_num_streams",
    },
    "1.2.0": {
        "": "batch_wait_max_tokens_ratio batch_wait_timeout_iters batch_wait_timeout_ms -build_config custom_tokenizer "
        "disable_flashinfer_sampling enable_lm_head_tp_in_adp -enable_mixed_sampler enable_sleep -enable_trtllm_sampler "
        "env_overrides kv_connector_config max_stats_len mm_encoder_only nvfp4_gemm_config orchestrator_type "
        "otlp_traces_endpoint perf_metrics_max_requests pp_partition ray_placement_config ray_worker_extension_cls "
        "return_perf_metrics sampler_force_async_worker sampler_type sparse_attention_config",
        "cache_transceiver_config": "kv_transfer_sender_future_timeout_ms kv_transfer_timeout_ms",
        "kv_cache_config": "attention_dp_events_gather_period_ms mamba_ssm_cache_dtype max_gpu_total_bytes "
        "tokens_per_block",
        "moe_config": "disable_finalize_fusion use_low_precision_moe_combine",
        "nvfp4_gemm_config": "allowed_backends",
        "speculative_config": "-BEGIN_THINKING_PHASE_TOKEN -END_THINKING_PHASE_TOKEN acceptance_length_threshold "
        "acceptance_window allow_advanced_sampling begin_thinking_phase_token draft_len_schedule "
        "eagle3_layers_to_capture eagle3_model_arch end_thinking_phase_token file_prefix load_format max_concurrency "
        "max_total_draft_tokens mtp_eagle_one_model output_directory speculative_model write_interval",
    },
    "1.3.0rc14": {
        "": "dwdp_config enable_energy_metrics -enable_sleep encode_only -fail_fast_on_attention_window_too_large "
        "layer_wise_benchmarks_config model_kwargs prometheus_metrics_config ray_worker_nsight_options sleep_config "
        "telemetry_config use_cute_dsl_bf16_bmm use_cute_dsl_bf16_gemm use_cute_dsl_blockscaling_bmm "
        "use_cute_dsl_blockscaling_mm video_pruning_rate",
        "attention_dp_config": "*",
        "cache_transceiver_config": "transceiver_runtime",
        "kv_cache_config": "iteration_stats_interval mamba_ssm_philox_rounds mamba_ssm_stochastic_rounding "
        "mamba_state_cache_interval max_util_for_resume -onboard_blocks use_kv_cache_manager_v2",
        "scheduler_config": "use_python_scheduler waiting_queue_policy",
        "speculative_config": "-is_auto_heuristic enable_global_pool global_pool_size mask_token_id max_batch_size "
        "sa_config target_layer_ids",
        "speculative_config.sa_config": "*",
    },
    "1.3.0rc29": {
        "": "checkpoint_io_policy -disable_flashinfer_sampling disable_mm_encoder "
        "enable_early_first_token_response enable_encoder_decoder_mixed_cuda_graph enable_in_graph_sampling "
        "enable_low_latency_host_dispatch enable_mla_skip_correction enable_resource_governor "
        "enable_return_routed_experts enable_speculative_beam_history_d2h enable_tokenization_cache "
        "encoder_cuda_graph_config encoder_max_batch_size encoder_max_num_tokens generation_config gms_config "
        "kv_cache_compression_config mla_skip_correction_threshold multimodal_config mx_config num_serve_frontends "
        "perf_metrics_output_dir post_processor_hook prefill_capture_num_tokens prefill_cuda_graph_backend "
        "reorder_policy_config -sampler_type use_fine_grained_sync -video_pruning_rate",
        "attention_dp_config": "-* enable_kv_cache_aware_routing kv_cache_routing_account_for_in_transfer "
        "kv_cache_routing_cold_start_warmup kv_cache_routing_conversation_affinity "
        "kv_cache_routing_fair_share_multiplier kv_cache_routing_load_balance_weight "
        "kv_cache_routing_match_rate_threshold kv_cache_routing_max_sessions kv_cache_routing_new_conv_placement",
        "cache_transceiver_config": "enable_pipelined_transfer kv_cache_bounce_size_mb kv_transfer_poll_interval_ms",
        "cuda_graph_config": "max_num_token max_seq_len mode num_tokens seq_lens",
        "kv_cache_config": "avg_seq_len block_reuse_config disk_cache_path disk_cache_size disk_prefetch_num_reqs "
        "enable_kv_pool_rebalance enable_swa_scratch_reuse fp8_context_mla_kv_len_cap kv_cache_event_hash_algo "
        "kv_events_config kv_pool_rebalance_check_interval kv_pool_rebalance_cooldown_secs "
        "kv_pool_rebalance_min_sampled_kv_caches kv_pool_rebalance_moving_average_decay "
        "kv_pool_rebalance_ratio_threshold kv_pool_rebalance_target_ratio_update_interval mamba_state_config pool_ratio",
        "kv_cache_config.block_reuse_config": "max_num_turns policy",
        "scheduler_config": "enable_prefix_aware_scheduling",
        "speculative_config": "-acceptance_length_threshold -acceptance_window acceptance_rate_threshold "
        "acceptance_rate_window_size advanced_sampling_mode attention_backend block_size enable_penalty "
        "markov_head_type markov_rank moe_backend use_rejection_sampling "
        "-max_ngram_size -max_verification_set_size -max_window_size -medusa_choices -num_medusa_heads",
    },
}
# Values that the last of them takes, where it checks them.
CHOICES = {
    "allreduce_strategy": "AUTO NCCL UB MINLATENCY ONESHOT TWOSHOT LOWPRECISION MNNVL NCCL_SYMMETRIC",
    "backend": "pytorch",
    "cache_transceiver_config.backend": "DEFAULT UCX NIXL MOONCAKE MPI",
    "cache_transceiver_config.transceiver_runtime": "CPP PYTHON auto",
    "checkpoint_io_policy": "auto native rank_striped_read_ahead",
    "cuda_graph_config.mode": "decode encode",
    "generation_config": "auto trtllm",
    "guided_decoding_backend": "xgrammar llguidance",
    "kv_cache_config.block_reuse_config.policy": "all_reusable per_request per_conversation",
    "kv_cache_config.kv_cache_event_hash_algo": "auto v1_block_key v2_sha256 v2_sha256_64",
    "kv_cache_config.mamba_ssm_cache_dtype": "auto float16 bfloat16 float32",
    "moe_config.backend": "AUTO CUTLASS CUTEDSL CUTEDSL_FC12 TRTLLM DEEPGEMM DENSEGEMM VANILLA TRITON MARLIN "
    "MEGAMOE_DEEPGEMM MEGAMOE_CUTEDSL",
    "orchestrator_type": "rpc ray",
    "prefill_cuda_graph_backend": "disabled piecewise breakable",
    "scheduler_config.capacity_scheduler_policy": "MAX_UTILIZATION GUARANTEED_NO_EVICT STATIC_BATCH",
    "scheduler_config.context_chunking_policy": "FIRST_COME_FIRST_SERVED EQUAL_PROGRESS FORCE_CHUNK",
    "scheduler_config.waiting_queue_policy": "fcfs priority",
    "speculative_config.decoding_type": "AUTO DFlash DSpark Draft_Target Eagle3 Eagle MTP NGram PARD SA SaveState "
    "User_Provided",
    "tokenizer_mode": "auto slow",
}


# What `trtllm-serve disaggregated` takes: its options, and the keys of its file, which are parameters of `extract_disagg_cfg`
# in `tensorrt_llm/llmapi/disagg_utils.py` (main of 2026). Which release has which is not known. It hands other keys on to
# servers that it starts itself, which are none where the file has addresses.
ORCHESTRATOR = {
    "": "server_start_timeout request_timeout metadata_server_config_file metrics_log_interval log_level "
    "hostname port max_retries perf_metrics_max_requests return_perf_metrics perf_metrics_output_dir context_servers "
    "generation_servers conditional_disagg_config otlp_config disagg_cluster node_id schedule_style "
    "allow_request_chat_template gen_strip_message_history gen_tokids_ctxbytes num_workers disagg_coordinator_url",
    "context_servers": "*",
    "generation_servers": "*",
    "conditional_disagg_config": "max_local_prefill_length",
    "otlp_config": "otlp_traces_endpoint",
    "disagg_cluster": "cluster_uri cluster_name minimal_instances heartbeat_interval_sec inactive_timeout_sec",
    "disagg_cluster.minimal_instances": "context_servers generation_servers",
}
ORCHESTRATOR_CHOICES = {"schedule_style": "context_first generation_first"}


def orchestrator():
    """Its options and keys by their paths, in any release."""
    paths = [".".join(filter(None, [place, word])) for place, words in ORCHESTRATOR.items() for word in words.split()]
    return {path: Argument([path], choices=ORCHESTRATOR_CHOICES.get(path, "").split() or None) for path in paths}


def arguments():
    """By release, its keys by their paths: `kv_cache_config.dtype`."""
    found, paths = {}, set()
    for release, changes in SNAPSHOTS.items():
        for place, words in changes.items():
            for word in words.split():
                path = ".".join(filter(None, [place, word.removeprefix("-")]))
                (paths.discard if word.startswith("-") else paths.add)(path)
        found[release] = {path: Argument([path]) for path in paths}
    for path, words in CHOICES.items():
        found[release][path].choices = words.split()
    return found
