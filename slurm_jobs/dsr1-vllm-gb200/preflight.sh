# shellcheck shell=bash
# What the job needs of its nodes, by index; node.sh checks this on each of them before anything starts.
on 0 1 2 3 4 5 6 7 8 9 10 11 -- gpus 4 gb200
on 0 1 2 3 4 5 6 7 8 9 10 11 -- model weights,tokenizer,gb:768 /lustre/models/DeepSeek-R1-0528 /lustre/models/DeepSeek-R1-0528
on 0 1 2 3 4 5 6 7 8 9 10 11 -- readable 'the container image' /lustre/images/dynamo-vllm-1.6.1-arm64.sqsh
on 0 -- local_dir /tmp
on 0 -- ports etcd 2379
on 0 -- ports nats 4222
on 0 -- ports frontend-0 8000 7778
on 0 -- ports prefill-0 7777 8081 29508 5400-5403 '*:20000-20049'
on 1 -- ports prefill-1 7777 8081 29508 5400-5403 '*:20000-20049'
on 2 -- ports prefill-2 7777 8081 29508 5400-5403 '*:20000-20049'
on 3 -- ports prefill-3 7777 8081 29508 5400-5403 '*:20000-20049'
on 4 -- ports decode-0 7777 8081 29508 5400-5431
on 5 -- ports decode-0 7777 8081 5400-5431
on 6 -- ports decode-0 7777 8081 5400-5431
on 7 -- ports decode-0 7777 8081 5400-5431
on 8 -- ports decode-0 7777 8081 5400-5431
on 9 -- ports decode-0 7777 8081 5400-5431
on 10 -- ports decode-0 7777 8081 5400-5431
on 11 -- ports decode-0 7777 8081 5400-5431
