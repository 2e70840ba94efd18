#!/bin/bash
# Runs NetHook on a Slurm of one node, which it starts for this alone and ends again, and compares with runs that are not divided:
#     apt-get install slurm-wlm munge python3
#     bash tests/cluster/run.sh
# As root, on Linux. It opens ports on the loopback alone, and writes to a temporary folder. Its output is in output.txt beside it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
own=()

finish() {
    code=$?
    [ "$code" -eq 0 ] || tail -n 5 "$work"/*.log "$work"/data/*.out 2>/dev/null >&2 || true
    scancel --name=nethook-stats,nethook-facts 2>/dev/null || true
    for pid in "${own[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${own[@]}"; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$work"
    exit "$code"
}
trap finish EXIT

fail() { echo "FAILED: $*"; exit 1; }

# Waits until a condition holds; fails when it has not for two minutes.
await() {
    for _ in $(seq 600); do
        if eval "$2"; then return; fi
        sleep 0.2
    done
    fail "$1"
}

for program in slurmctld slurmd munged sbatch dotnet python3; do
    PATH=$PATH:/usr/sbin command -v "$program" >/dev/null || fail "$program is missing: apt-get install slurm-wlm munge python3"
done

# The tool as a command, and data: a text, and facts that the bundled model was taught, not all of them well.
dotnet build "$root/src/NetHook.Cli" -c Release -v q --nologo >"$work/build.log"
mkdir "$work/bin" "$work/data" "$work/state" "$work/spool"
printf '#!/bin/bash\necho $$ >"pid-${SLURM_ARRAY_TASK_ID:-${JOB_COMPLETION_INDEX:-0}}"\nexec dotnet "%s" "$@"\n' \
    "$root/src/NetHook.Cli/bin/Release/net10.0/NetHook.Cli.dll" >"$work/bin/nethook"
chmod +x "$work/bin/nethook"
export PATH=$work/bin:$PATH DOTNET_NOLOGO=1
countries=$root/models/facts/data/countries.tsv
for _ in $(seq 20); do
    awk -F '\t' 'NR > 1 { printf "The capital of %s is %s. The currency of %s is the %s. ", $1, $2, $1, $4 }' "$countries"
done >"$work/data/corpus.txt"
awk -F '\t' 'NR == 1 { print "prompt\tsubject\tanswer" } NR % 4 == 2 && $3 !~ / / { print "{} is a country in\t" $1 "\t" $3 }' "$countries" >"$work/data/facts.tsv"
cp "$here"/*.sbatch "$work/data"

# Munge and Slurm, with keys, sockets, state and logs of their own. They say four processors, so that four tasks run at once.
port=$((20000 + $$ % 20000))
node=$(hostname -s)
dd if=/dev/urandom of="$work/munge.key" bs=128 count=1 2>/dev/null
chmod 0400 "$work/munge.key"
chmod 0755 "$work"
cat >"$work/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$work/munge.socket,cred_expire=5
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
JobRequeue=1
ReturnToService=2
NodeName=$node NodeAddr=127.0.0.1 CPUs=4
PartitionName=all Nodes=$node Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF=$work/slurm.conf
sbin() { PATH=$PATH:/usr/sbin command -v "$1"; }
"$(sbin munged)" --foreground --socket="$work/munge.socket" --key-file="$work/munge.key" --pid-file="$work/munged.pid" \
    --log-file="$work/munged.log" --seed-file="$work/munge.seed" >"$work/munged.out.log" 2>&1 &
own+=($!)
await "munged did not start" '[ -S "$work/munge.socket" ]'
"$(sbin slurmctld)" -D >"$work/slurmctld.log" 2>&1 &
own+=($!)
"$(sbin slurmd)" -D >"$work/slurmd.log" 2>&1 &
own+=($!)
await "the node did not come up" '[ "$(sinfo -h -o %t 2>/dev/null)" = idle ]'
echo "$(sinfo -V | sed 's/-wlm//'): one node is up, with $(sinfo -h -o %c) processors."
cd "$work/data"

state() { scontrol show job "$1" 2>/dev/null | sed -n "s/.*$2=\([^ ]*\).*/\1/p" | head -n 1; }
lines() { if [ -f "$1" ]; then wc -l <"$1"; else echo 0; fi; }
all_done() { [ -z "$(squeue -h -j "$1" 2>/dev/null)" ]; }

# The array of one script, in which task 2 is killed at work and requeued.
array() {
    local name=$1 began=$2 kill=$3
    job=$(sbatch --parsable --output="$name-%a.out" "$name.sbatch")
    await "task 2 of $name did not begin" "$began"
    $kill "${job}_2"
    await "task 2 of $name was not requeued" '[ "$(state "${job}_2" Restarts)" -ge 1 ] 2>/dev/null'
    await "the array of $name did not end" 'all_done "$job"'
    for task in 1 2 3 4; do
        [ "$(state "${job}_$task" JobState)" = COMPLETED ] || fail "task $task of $name is $(state "${job}_$task" JobState)"
    done
}

# As preemption does it: the task is asked to end, saves what it has, and is queued again.
array stats '[ -s stats-2.safetensors ] && sleep 1' "scontrol requeue"
grep -q "Interrupted" stats-2.out || fail "task 2 of stats was not interrupted at work: $(cat stats-2.out)"
echo "stats: 4 tasks completed, of which task 2 was requeued at work and went on from its file."

# As a machine that fails: the task is killed without notice, and queued again.
kill_tool() {
    kill -KILL "$(cat pid-2)"
    await "task 2 did not fail" '[ "$(state "$job"_2 JobState)" = FAILED ]'
    scontrol requeue "$1"
}
array facts '[ "$(lines facts-2.jsonl)" -gt 3 ]' kill_tool
grep -q "Killed" facts-2.out || fail "task 2 of facts was not killed at work: $(cat facts-2.out)"
echo "facts: 4 tasks completed, of which task 2 was killed at work without notice, was requeued and went on from its file."

# Merged in a tree, two by two.
nethook stats merge stats-1.safetensors stats-2.safetensors --out stats-12.safetensors >/dev/null
nethook stats merge stats-3.safetensors stats-4.safetensors --out stats-34.safetensors >/dev/null
nethook stats merge stats-12.safetensors stats-34.safetensors --out stats-merged.safetensors >/dev/null
nethook causal-trace merge facts-1.jsonl facts-2.jsonl --traces facts-12.jsonl >/dev/null
nethook causal-trace merge facts-3.jsonl facts-4.jsonl --traces facts-34.jsonl >/dev/null
nethook causal-trace merge facts-12.jsonl facts-34.jsonl --traces facts-merged.jsonl --out fig.pdf >/dev/null

# The same as work that is not divided.
nethook stats corpus.txt --layers "transformer.h.*.mlp.act" --statistic second-moment --out stats-whole.safetensors >/dev/null
nethook causal-trace --facts facts.tsv --kind all --traces facts-whole.jsonl | sed -n 1p
python3 "$here/compare.py" stats-whole.safetensors stats-merged.safetensors
cmp facts-whole.jsonl facts-merged.jsonl && echo "The merged traces of facts are those of the undivided run, byte by byte."

# The Kubernetes job: its command in a shell with each index, as a pod runs it; index 1 is killed and started again.
script=$(sed -n '/^            - |$/,/^          volumeMounts/p' "$here/stats.yaml" | sed -e 1d -e '$d' -e 's/^              //')
mkdir pods && cd pods && ln -s ../corpus.txt .
for index in 0 1 2 3; do
    JOB_COMPLETION_INDEX=$index bash -c "$script" >"pod-$index.out" 2>&1 &
    pods[index]=$!
done
await "index 1 did not begin" '[ -s stats-1.safetensors ]'
kill -KILL "$(cat pid-1)"
wait "${pods[1]}" && fail "index 1 was not killed at work"
JOB_COMPLETION_INDEX=1 bash -c "$script" >>pod-1.out 2>&1
for index in 0 2 3; do wait "${pods[index]}" || fail "index $index failed: $(cat "pod-$index.out")"; done
nethook stats merge stats-[0-3].safetensors --out merged.safetensors >/dev/null
echo "stats.yaml: 4 indices completed, of which index 1 was killed at work and started again."
python3 "$here/compare.py" ../stats-whole.safetensors merged.safetensors

cd ..
size() { stat -c %s "$1"; }
echo "Bytes of a part, and merged: statistics $(size stats-1.safetensors), $(size stats-merged.safetensors); traces $(size facts-1.jsonl), $(size facts-merged.jsonl)."
echo "passed"
