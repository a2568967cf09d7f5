# The shell has an ip and a tc of its own and prefers them; these are the full ones.
alias ip=/bin/ip
alias tc=/bin/tc
