# shellcheck shell=bash
# Ports that the job may move: where a node has one of a block taken, the block goes to the first of the others that no
# node uses. Ports that the config gives are not here, and stay.
block 2379 3379 3479 3579
block 4222 5222 5322 5422
block 7777 8777 8877 8977
block 7778 8778 8878 8978
block 8000 9000 9100 9200
block 8081 9081 9181 9281
block 29500-29513 30500-30513 30600-30613 30700-30713
block 30001 31001 31101 31201
