# shellcheck shell=bash
# What the job needs of its nodes, by index; node.sh checks this on each of them before anything starts.
on 0 1 2 3 4 5 6 7 8 9 10 11 12 13 -- gpus 4 gb200
on 0 1 2 3 4 5 6 7 8 9 10 11 12 13 -- model weights,gb:1536 /lustre/models/DeepSeek-R1-0528 /lustre/models/DeepSeek-R1-0528
on 0 1 2 3 4 5 6 7 8 9 10 11 12 13 -- readable 'the container image' /lustre/images/dynamo-sglang-1.6.1-arm64.sqsh
on 0 -- local_dir /tmp
on 0 -- ports etcd 2379
on 0 -- ports nats 4222
on 0 -- ports frontend-0 8000 7778
on 0 -- ports prefill-0 7777 8081 '*:29500-29506' 29513 30001
on 1 -- ports prefill-0 7777 8081
on 2 -- ports decode-0 7777 8081 '*:29500-29506' 29513
on 3 -- ports decode-0 7777 8081
on 4 -- ports decode-0 7777 8081
on 5 -- ports decode-0 7777 8081
on 6 -- ports decode-0 7777 8081
on 7 -- ports decode-0 7777 8081
on 8 -- ports decode-0 7777 8081
on 9 -- ports decode-0 7777 8081
on 10 -- ports decode-0 7777 8081
on 11 -- ports decode-0 7777 8081
on 12 -- ports decode-0 7777 8081
on 13 -- ports decode-0 7777 8081
