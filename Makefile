# What developers, CI and azure-pipelines.yml run; the same targets for all.
.PHONY: default restore format build test smoke round results clean

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

# Rewrites the figures of tests/RESULTS.md; hours on two cores.
results:
	bash tests/results.sh

clean:
	rm -rf artifacts
