start
from allocate
step prefill-0
step prefill-1
step decode-0
end
