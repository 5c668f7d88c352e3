# shellcheck shell=bash
# What the job needs of its nodes, by index; node.sh checks this on each of them before anything starts.
on 0 1 2 3 4 5 6 7 -- gpus 8 h100
on 0 1 2 3 4 5 6 7 -- model weights,gb:2560 /models/DeepSeek-R1
on 0 1 2 3 4 5 6 7 -- readable 'a file of the topology' /configs/deepep.json
on 0 -- program etcd 'the job runs it on the node itself, for nothing runs in a container: install it, put the folder of a copy on PATH in the preamble of the cluster profile, or run all in an image that has it (container.image, and container_runtime: pyxis)'
on 0 1 2 3 4 5 6 7 -- program python3 'the job runs it on the node itself, for nothing runs in a container: install it, put the folder of a copy on PATH in the preamble of the cluster profile, or run all in an image that has it (container.image, and container_runtime: pyxis)'
on 0 -- program nats-server 'the job runs it on the node itself, for nothing runs in a container: install it, put the folder of a copy on PATH in the preamble of the cluster profile, or run all in an image that has it (container.image, and container_runtime: pyxis)'
on 0 -- local_dir /tmp
on 0 -- ports etcd 2379
on 0 -- ports nats 4222
on 0 -- ports frontend-0 8000 7778
on 0 -- ports prefill-0 7777 8081 '*:29500-29506' 29513 30001
on 1 -- ports prefill-0 7777 8081
on 2 -- ports prefill-0 7777 8081
on 3 -- ports prefill-0 7777 8081
on 4 -- ports decode-0 7777 8081 '*:29500-29506' 29513
on 5 -- ports decode-0 7777 8081
on 6 -- ports decode-0 7777 8081
on 7 -- ports decode-0 7777 8081
