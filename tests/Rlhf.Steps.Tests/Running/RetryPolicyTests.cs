using Rlhf.Steps.Running;
using Rlhf.Steps.Tests.Support;

namespace Rlhf.Steps.Tests.Running;

public sealed class RetryPolicyTests
{
    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 10)]
    [InlineData(3, 50)]
    [InlineData(5, 600)]
    [InlineData(1_000_000, 600)]
    public void The_wait_grows_by_its_factor_up_to_its_bound(int failedAttempts, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), RetryPolicy.Default.Delay(failedAttempts));

    [Fact]
    public void Before_the_first_failure_there_is_nothing_to_wait_for() =>
        Assert.Contains("0 attempts", Assert.Throws<ArgumentOutOfRangeException>(() => RetryPolicy.Default.Delay(0)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_step_has_the_default_policy_unless_it_states_its_own()
    {
        var own = new RetryPolicy(9, TimeSpan.FromMinutes(1), 1, TimeSpan.FromMinutes(1));

        Assert.Equal(3, Some.PureStep().Description.Retry.Attempts);
        Assert.Same(own, (Some.PureStep().Description with { Retry = own }).Retry);
    }
}
