# shellcheck shell=sh
# Sourced by a program of a node with a real engine, which is this machine: CUDA_VISIBLE_DEVICES counts the GPUs of the job,
# and DYN_SLURM_NODE_GPUS has their numbers on the machine. CUDA is to count as nvidia-smi does.
if [ -n "${DYN_SLURM_NODE_GPUS-}" ]; then
  visible=
  for number in $(echo "${CUDA_VISIBLE_DEVICES-}" | tr , ' '); do
    visible=$visible${visible:+,}$(echo "$DYN_SLURM_NODE_GPUS" | cut -d , -f "$((number + 1))")
  done
  export CUDA_VISIBLE_DEVICES="$visible" CUDA_DEVICE_ORDER=PCI_BUS_ID
  # Programs that it starts have the numbers of the machine already.
  unset DYN_SLURM_NODE_GPUS
fi
