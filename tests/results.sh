#!/usr/bin/env bash
# The experiments behind tests/RESULTS.md: five seeds on the default preset, a second round and a replay, twenty A/A evaluations.
# usage: tests/results.sh [folder of stores]; prints one line a run. RLHF may name a built rlhf.dll; otherwise it is built.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
work=${1:-$(mktemp -d)}
mkdir -p "$work"
rlhf=${RLHF:-}
if [ -z "$rlhf" ]; then
  dotnet build src/Rlhf.Cli -v q -nologo >&2 || exit 1
  rlhf=artifacts/bin/Rlhf.Cli/debug/rlhf.dll
fi
value() { grep -oE "\"$2\":(\"[^\"]*\"|[-0-9.eE]+)" "$1" | head -n 1 | sed -E 's/^"[^"]*"://; s/"//g'; }
row() { # file, label
  f=$1
  printf '%s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s\n' "$2" "$(value "$f" decision)" "$(value "$f" rewardModelAccuracy)" \
    "$(sed 's/.*"gold"://' "$f" | grep -oE '"baselineAccuracy":[0-9.]+' | head -n 1 | cut -d: -f2)" "$(value "$f" championMean)" "$(value "$f" challengerMean)" \
    "$(value "$f" gain)" "$(value "$f" sequenceKl)" "$(value "$f" winRate)" "$(value "$f" lowerBound)" "$(value "$f" labelerAgreement)" \
    "$(grep -oE '"seconds":[0-9.]+' "$f" | tail -n 1 | cut -d: -f2) s, $(( $(value "$f" peakMemoryBytes) / 1000000 )) MB"
}
echo "run | decision | RM accuracy (gold) | bag of words (gold) | gold before | gold after | gain in SD | KL | win rate | Wilson lower | labeler agreement | time, memory"
for seed in ${SEEDS-1 2 3 4 5}; do
  dotnet "$rlhf" round --seed "$seed" --store "$work/$seed" --json > "$work/$seed.json" 2> "$work/$seed.log" || { echo "seed $seed failed: $(tail -n 1 "$work/$seed.log")"; continue; }
  row "$work/$seed.json" "seed $seed"
done
if [ -n "${SEEDS-all}" ]; then # SEEDS= AA_FROM=21 AA=60: more A/A runs on stores that are there
  dotnet "$rlhf" round --seed 1 --store "$work/1" --json > "$work/second.json" 2> "$work/second.log" && row "$work/second.json" "seed 1, round 2"
  dotnet "$rlhf" round --seed 1 --store "$work/1" --same --json > "$work/same.json" 2> "$work/same.log" && row "$work/same.json" "seed 1, --same"
fi

sft=$(value "$work/1.json" champion)
opened=0
for seed in $(seq "${AA_FROM:-1}" "${AA:-20}"); do
  echo "{\"seed\": $((1000 + seed))}" > "$work/aa.json"
  prompts=$(dotnet "$rlhf" steps run PreparePrompts --input "$work/aa.json" --store "$work/1" 2> /dev/null | grep -oE 'prompts/[0-9a-f]{64}')
  dotnet "$rlhf" run evaluate-challenger --store "$work/1" --preset default --json --input champion="$sft" --input challenger="$sft" \
    --input prompts="$prompts" --input campaign=aa --input labeler=simulated --input seed="$seed" > "$work/aa-$seed.json" 2> "$work/aa-$seed.log"
  # An open gate ends in PromoteChallenger's refusal: the challenger is the champion itself.
  if grep -q 'is the champion itself' "$work/aa-$seed.log"; then opened=$((opened + 1)); echo "A/A $seed | open"
  elif grep -q '"status":"finished"' "$work/aa-$seed.json"; then echo "A/A $seed | closed"
  else echo "A/A $seed | failed: $(tail -n 1 "$work/aa-$seed.log")"; fi
done
echo "A/A ${AA_FROM:-1} to ${AA:-20}: $opened opened the gate"
