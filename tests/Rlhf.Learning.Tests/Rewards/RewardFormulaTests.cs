using Rlhf.Learning.Models;
using Rlhf.Learning.Native;
using Rlhf.Learning.Rewards;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Tests.Rewards;

public sealed class RewardFormulaTests
{
    static readonly Device Device = TorchDevice.FromEnvironment();

    static readonly float[] Chosen = [1.2f, .4f, 2], Rejected = [.4f, 1.2f, -1];

    [Fact]
    public void A1_bradley_terry_loss()
    {
        using var scope = NewDisposeScope();

        Assert.Equal(.530263, BradleyTerry.Loss(tensor(Chosen, device: Device), tensor(Rejected, device: Device)).ToSingle(), 1e-6);
    }

    [Fact]
    public void A1_a_constant_added_to_every_score_changes_nothing()
    {
        using var scope = NewDisposeScope();
        var (chosen, rejected) = (tensor(Chosen, device: Device), tensor(Rejected, device: Device));

        Assert.Equal(BradleyTerry.Loss(chosen, rejected).ToSingle(), BradleyTerry.Loss(chosen + 3, rejected + 3).ToSingle(), 1e-6);
    }

    [Fact]
    public void A1_gradient_of_the_first_pair()
    {
        using var scope = NewDisposeScope();
        var chosen = tensor(new[] { 1.2f }, device: Device, requires_grad: true);

        BradleyTerry.Loss(chosen, tensor(new[] { .4f }, device: Device)).backward();

        Assert.Equal(-.310026, chosen.grad!.ToSingle(), 1e-6);
    }

    [Fact]
    public void A9_the_head_begins_with_deviation_one_over_the_root_of_width_plus_one()
    {
        using var scope = NewDisposeScope();
        using var head = ScalarHead.Random(768, seed: 1, Device);

        var deviation = head.Parameters["score.weight"].std(unbiased: false).ToSingle();

        Assert.Equal(.03606092, deviation, 0.1 * .03606092);
        Assert.Equal(0, head.Parameters["score.bias"].ToSingle());
    }
}
