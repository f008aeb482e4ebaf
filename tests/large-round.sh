#!/usr/bin/env bash
# A round on a model of 124 million random weights, with a low-rank adapter, judged by file: says what was planned and what it took.
# usage: tests/large-round.sh DATA [FOLDER]; DATA has gpt2-tokenizer/ and tinystories/
set -euo pipefail
cd "$(dirname "$0")/.."
data=$1
work=${2:-$(mktemp -d)}
mkdir -p "$work"
dotnet build src/Rlhf.Cli -c Release -v q -nologo >&2
dotnet build tests/benchmarks/Rlhf.Memory -c Release -v q -nologo >&2
rlhf="dotnet artifacts/bin/Rlhf.Cli/release/rlhf.dll"
memory=artifacts/bin/Rlhf.Memory/release/Rlhf.Memory
export RLHF_STORE=$work/store
preset=tests/benchmarks/Rlhf.Memory/round.json
[ -f "$work/model/config.json" ] || $memory model "$work/model" "$data/gpt2-tokenizer"
python3 - "$data/tinystories" "$work/prompts.jsonl" <<'PYTHON'
import glob, json, sys
stories = json.load(open(sorted(glob.glob(sys.argv[1] + "/*.json"))[0]))
with open(sys.argv[2], "w") as file:
    for story in stories[:96]:
        text = story if isinstance(story, str) else story["story"]
        file.write(json.dumps(text.strip().split(". ")[0] + ".") + "\n")
PYTHON
$rlhf models plan --policy "$work/model" --preset $preset --prompts "$work/prompts.jsonl"
pass=0
while true; do
  pass=$((pass + 1))
  status=0
  /usr/bin/env time -v $rlhf round --policy "$work/model" --prompts "$work/prompts.jsonl" --labeler file --preset $preset --seed 1 --json \
    > "$work/round-$pass.json" 2> "$work/round-$pass.log" || status=$?
  grep -E "Elapsed|Maximum resident" "$work/round-$pass.log" || true
  [ $status = 4 ] || break
  rm -f "$work/questions-$pass.jsonl"
  $rlhf judgements export "$work/questions-$pass.jsonl"
  $memory answer "$work/questions-$pass.jsonl" "$work/answers-$pass.jsonl"
  $rlhf judgements answer "$work/answers-$pass.jsonl"
done
echo "exit code $status"
cat "$work/round-$pass.json"
exit $status
