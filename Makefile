# What developers, CI and azure-pipelines.yml run; the same targets for all.
.PHONY: default restore format build test smoke round kill-test load studio publish labeling-load scoring-load elsa transfer human-preferences claims experiments memory large-round gate-simulation package promote results clean

default: format build test smoke

restore:
	dotnet restore Pipeline.sln

format:
	dotnet format Pipeline.sln --verify-no-changes --severity warn

build:
	dotnet build Pipeline.sln -c Debug

test:
	dotnet test Pipeline.sln

# The README's first command, for real, on the test preset, in a folder of its own.
smoke:
	store=$$(mktemp -d) && dotnet run --project src/Rlhf.Cli -- round --preset tiny --store $$store && rm -rf $$store

round:
	dotnet run --project src/Rlhf.Cli -- round

# The kill tests at length, an hour or more: says how many kills there were, how many rounds they fell on, and in which steps.
kill-test:
	log=$$(mktemp); \
	RLHF_KILLS=$${RLHF_KILLS:-200} RLHF_KILLS_POSTGRES=$${RLHF_KILLS_POSTGRES:-60} RLHF_KILLS_LOG=$$log \
	dotnet test tests/Rlhf.Cli.Tests --filter "FullyQualifiedName~Rlhf.Cli.Tests.Kills"; status=$$?; \
	for test in "one process" "driver and two workers"; do grep "^$$test" $$log | tail -n 1; done; rm -f $$log; exit $$status

# What a store with 1,000 suspended and 10,000 finished instances costs, beside a nearly empty one; RLHF_DATABASE for PostgreSQL.
load:
	dotnet run -c Release --project tests/benchmarks/Rlhf.Load

# Elsa Studio, which the build brings from npm by itself where it can: once more, and beside the program.
studio:
	node src/Rlhf.Server/Studio/install.mjs
	dotnet build src/Rlhf.Cli

# The golden traces and the tests of src/Rlhf.Elsa in Elsa itself, beside the embedded runtime, into workflows/CONFORMANCE.md; ELSA_FEED names one more feed that has Elsa.
# KILLS=20 also kills the host and a worker so often in a round.
ELSA = -p:WithElsa=true $(if $(ELSA_FEED),-p:RestoreAdditionalProjectSources=$(ELSA_FEED))
elsa:
	dotnet run --project tests/Rlhf.Runtime.Tests -- -class '*GoldenTraces*'
	@mkdir -p artifacts; if dotnet restore tests/Rlhf.Elsa.Tests $(ELSA) > artifacts/elsa.log 2>&1; then \
	dotnet build tests/Rlhf.Elsa.Tests $(ELSA) && RLHF_KILLS=$(KILLS) dotnet artifacts/bin/Rlhf.Elsa.Tests/debug/Rlhf.Elsa.Tests.dll -parallelMode none; \
	else echo "No feed here has Elsa (artifacts/elsa.log): workflows/CONFORMANCE.md holds what the embedded runtime gave today, and of Elsa what was there."; fi

# The program as it is deployed: compiled ahead, so that it starts in half the time.
publish:
	dotnet publish src/Rlhf.Cli -c Release -r linux-x64 --self-contained false -p:PublishReadyToRun=true -o artifacts/published

# The same as one file, which CI hands from stage to stage.
package: publish
	tar -C artifacts/published -czf artifacts/rlhf.tar.gz .

# Makes a policy champion of an environment: make promote POLICY=policy@12 ENVIRONMENT=prod. make's own exit code says only that it failed; that of rlhf (3 refused,
# 4 waiting for approval) is in artifacts/promote.code. What is given is read by the shell alone, so that nothing in it is a command.
RLHF ?= $(if $(wildcard artifacts/published/rlhf.dll),dotnet artifacts/published/rlhf.dll,dotnet run --project src/Rlhf.Cli --)
promote:
	@mkdir -p artifacts && rm -f artifacts/promote.code
	@test -n "$$POLICY" || { echo "POLICY names no policy; expected such as make promote POLICY=policy@12 ENVIRONMENT=prod" >&2; echo 2 > artifacts/promote.code; exit 2; }
	@$(RLHF) promote "$$POLICY" $${ENVIRONMENT:+--environment "$$ENVIRONMENT"} $${REQUESTED_BY:+--requested-by "$$REQUESTED_BY"}; code=$$?; echo $$code > artifacts/promote.code; exit $$code

# 200 labelers, 50 judgements a second for two minutes against rlhf serve, which is killed once.
labeling-load: publish
	dotnet run -c Release --project tests/benchmarks/Rlhf.LabelingLoad -- artifacts/published/rlhf.dll

# A server of reward models beside the same models in process, 32 clients; then 50,000 requests in a row. Some minutes.
scoring-load: publish
	dotnet run -c Release --project tests/benchmarks/Rlhf.ScoringLoad -- artifacts/published/rlhf.dll

# Upload and download of 1 GB to an Azurite of its own, beside the SDK's own transfers; TMPDIR=/dev/shm keeps both in memory.
transfer:
	dotnet run -c Release --project tests/benchmarks/Rlhf.Transfer

# Real human preferences: a decoder from scratch beside "longer wins" and a bag of words, five-fold, in DATA; 7 minutes of processor time.
DATA ?= ../shared/data
human-preferences:
	rm -rf artifacts/human-preferences
	OMP_NUM_THREADS=1 dotnet run -c Release --project tests/benchmarks/Rlhf.HumanPreferences -- $(DATA) artifacts/human-preferences

# What the literature claims, measured: hours. CLAIMS=kl,dense SEEDS=1,2,3 STORE=folder
claims:
	dotnet run -c Release --project tests/benchmarks/Rlhf.Claims -- $${STORE:-artifacts/claims} $${CLAIMS:-all} $${SEEDS:-1,2,3}

# The laws of over-optimization, measured; three hours. EXPERIMENTS=letters,ppo,ppo-400,rounds,rounds-unpenalized,rounds-scarce SEEDS=1,2,3 STORE=folder
experiments:
	dotnet run -c Release --project tests/benchmarks/Rlhf.Experiments -- $${STORE:-artifacts/experiments} $${EXPERIMENTS:-all} $${SEEDS:-1,2,3,4,5,6,7,8,9,10}

# The gate's error rates on 10,000 simulated campaigns each; some minutes.
gate-simulation:
	dotnet run -c Release --project tests/benchmarks/Rlhf.GateSimulation -- $${CAMPAIGNS:-10000}

# Peak memory and time of training steps on models of GPT-2's size, with adapter and gradient checkpoints; some minutes, up to 5 GB.
memory:
	dotnet run -c Release --project tests/benchmarks/Rlhf.Memory

# A whole round on 124 million random weights with a low-rank adapter, judged by file; with tokenizer and prompts of DATA.
large-round:
	bash tests/large-round.sh $(DATA)

# Rewrites the figures of tests/RESULTS.md; hours on two cores.
results:
	bash tests/results.sh

clean:
	rm -rf artifacts
