-- Refuses as a site's own plugin would. Nil is the user's default account.
local accounts = { research = true, production = true }

function slurm_job_submit(job, partitions, uid)
  if job.account == 'closed' then
    slurm.log_user("Account 'closed' has used up its hours for this quarter; ask hpc-help@example.org for more.")
    return slurm.ESLURM_ACCOUNTING_POLICY
  end
  if job.account ~= nil and not accounts[job.account] then
    return slurm.ESLURM_INVALID_ACCOUNT
  end
  return slurm.SUCCESS
end

function slurm_job_modify(job, record, partitions, uid)
  return slurm.SUCCESS
end

return slurm.SUCCESS
