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
on 0 -- ports frontend-0 8000 7780
on 0 -- ports prefill-0 7777 8081 '*:29500-29506' 30001
on 0 -- ports prefill-1 7778 8082 '*:29520-29526' 30002
on 0 -- ports decode-0 7779 8083 '*:29540-29546'
