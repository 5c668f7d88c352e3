start
allocate
prefill-0
prefill-1
decode-0
end
