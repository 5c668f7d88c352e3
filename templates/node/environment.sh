# shellcheck shell=bash
# What the site, or whoever submitted the job, has put into the environment of a step.

# Names that change what engines and their libraries do.
STEERS='^(NCCL|NVSHMEM|UCX|SGLANG|SGL|MC|MOONCAKE|NIXL|GLOO|TORCH|TORCHINDUCTOR|PYTORCH|VLLM|FLASHINFER|TRITON|FI|RDMAV|IBV|MLX5|DYN|HF|TRANSFORMERS)_|^CUDA_(LAUNCH_BLOCKING|DEVICE_ORDER|DEVICE_MAX_CONNECTIONS|MODULE_LOADING|MPS_.*)$|^NVIDIA_VISIBLE_DEVICES$|^LD_(PRELOAD|LIBRARY_PATH|AUDIT)$|^PYTHON(PATH|HOME|STARTUP|OPTIMIZE|WARNINGS)$|^(OMP|MKL|OPENBLAS)_NUM_THREADS$|^([Hh][Tt][Tt][Pp][Ss]?|[Aa][Ll][Ll])_[Pp][Rr][Oo][Xx][Yy]$'

# tell_steering: reports their names, and not their values, which may be secrets.
tell_steering() {
  local name found='' gpu=0 value
  while IFS= read -r name; do
    [[ $name =~ $STEERS && $name != DYN_SLURM_* ]] || continue
    found+=", $name"
  done < <(compgen -e)
  # Slurm counts the GPUs of a job from 0; another choice was made by a prolog.
  if [[ -n ${CUDA_VISIBLE_DEVICES+set} ]]; then
    for value in ${CUDA_VISIBLE_DEVICES//,/ } end; do
      [[ $value == "$gpu" ]] || break
      ((++gpu))
    done
    [[ $value == end ]] && ((gpu)) || found+=", CUDA_VISIBLE_DEVICES"
  fi
  [[ -z $found ]] || say warning "has variables in the environment of its steps that steer engines: ${found#, }"
}
