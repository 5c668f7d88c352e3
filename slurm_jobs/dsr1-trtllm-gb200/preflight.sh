# shellcheck shell=bash
# What the job needs of its nodes, by index; node.sh checks this on each of them before anything starts.
on 0 1 2 3 4 5 -- gpus 4 gb200
on 0 1 2 3 4 5 -- model weights,tokenizer,gb:768 /lustre/models/DeepSeek-R1-0528 /lustre/models/DeepSeek-R1-0528
on 0 1 2 3 4 5 -- readable 'the container image' /lustre/images/dynamo-trtllm-1.6.1-arm64.sqsh
on 0 -- local_dir /tmp
on 0 -- ports etcd 2379
on 0 -- ports nats 4222
on 0 -- ports frontend-0 8000 7778
on 0 -- ports prefill-0 7777 8081
on 1 -- ports prefill-1 7777 8081
on 2 -- ports decode-0 7777 8081 '*:29500'
on 3 -- ports decode-0 7777 8081
on 4 -- ports decode-0 7777 8081
on 5 -- ports decode-0 7777 8081
