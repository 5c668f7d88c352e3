# shellcheck shell=bash
# What the job needs of its nodes, by index; node.sh checks this on each of them before anything starts.
on 0 1 2 3 4 -- gpus 4 gb200
on 0 1 2 3 4 -- model weights,gb:768 /lustre/models/DeepSeek-R1-0528 /lustre/models/DeepSeek-R1-0528
on 0 1 2 3 4 -- readable 'a file of the topology' /lustre/configs/deepep_config.json
on 0 1 2 3 4 -- expected /lustre/configs/dg-10212025
on 0 1 2 3 4 -- expected /lustre/configs/flashinfer-cache
on 0 1 2 3 4 -- readable 'the container image' /lustre/images/dynamo-sglang-1.6.1-arm64.sqsh
on 0 -- program nginx 'several frontends need it on the node itself, outside the container: install it, put the folder of a copy on PATH in the preamble of the cluster profile, name an image that has it (frontend.nginx.image), or set frontend.count to 1'
on 0 -- local_dir /tmp
on 0 -- ports etcd 2379
on 0 -- ports nats 4222
on 0 -- ports frontend-0 8180 7778
on 1 -- ports frontend-1 8180 7778
on 3 -- ports frontend-2 8180 7778
on 0 -- ports nginx 8000
on 0 -- ports prefill-0 7777 8081 '*:29500-29506' 29513 30001
on 1 -- ports decode-0 7777 8081 '*:29500-29506' 29513
on 2 -- ports decode-1 7777 8081 '*:29500-29506' 29513
on 3 -- ports decode-2 7777 8081 '*:29500-29506' 29513
on 4 -- ports decode-3 7777 8081 '*:29500-29506' 29513
