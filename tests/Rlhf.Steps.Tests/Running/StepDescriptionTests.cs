using Rlhf.Steps.Running;

namespace Rlhf.Steps.Tests.Running;

public sealed class StepDescriptionTests
{
    public sealed record Inputs(long Policy, long Other);

    public sealed record HParams(int Rate = 1);

    public sealed record Outputs(long Policy, long Rate, long Preset, long Product);

    [Fact]
    public void An_output_that_is_called_like_something_given_is_written_as_new_in_a_workflow_file()
    {
        var step = new StepDescription("Move", 1, StepKind.Pure, typeof(Inputs), typeof(HParams), typeof(Outputs), "Moves.");

        Assert.Equal(["policy", "rate", "preset", "product"], step.Outputs.Select(f => f.Name));
        Assert.Equal(["newPolicy", "newRate", "newPreset", "product"], step.Outputs.Select(f => f.WorkflowProperty));
        Assert.All(step.Inputs.Concat(step.HParams), f => Assert.Equal(f.Name, f.WorkflowProperty));
    }
}
