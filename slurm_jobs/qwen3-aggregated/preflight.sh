# shellcheck shell=bash
# What the job needs of its nodes, by index; node.sh checks this on each of them before anything starts.
on 0 -- gpus 8 h100
on 0 -- model weights,tokenizer,gb:160 /models/Qwen3-32B
on 0 -- program etcd 'the job runs it on the node itself, for nothing runs in a container: install it, put the folder of a copy on PATH in the preamble of the cluster profile, or run all in an image that has it (container.image, and container_runtime: pyxis)'
on 0 -- program python3 'the job runs it on the node itself, for nothing runs in a container: install it, put the folder of a copy on PATH in the preamble of the cluster profile, or run all in an image that has it (container.image, and container_runtime: pyxis)'
on 0 -- program nats-server 'the job runs it on the node itself, for nothing runs in a container: install it, put the folder of a copy on PATH in the preamble of the cluster profile, or run all in an image that has it (container.image, and container_runtime: pyxis)'
on 0 -- local_dir /tmp
on 0 -- ports etcd 2379
on 0 -- ports nats 4222
on 0 -- ports frontend-0 8000 7781
on 0 -- ports aggregated-0 7777 8081 '*:29500-29506' '*:5557'
on 0 -- ports aggregated-1 7778 8082 '*:29520-29526' '*:5558'
on 0 -- ports aggregated-2 7779 8083 '*:29540-29546' '*:5559'
on 0 -- ports aggregated-3 7780 8084 '*:29560-29566' '*:5560'
