using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Models;

/// <summary>
/// Gradient checkpointing (Chen et al. 2016): of a part of the computation only the input is kept for the backward pass, which computes the part
/// again to have its activations. Results and gradients have the same bits as without.
/// </summary>
sealed class GradientCheckpoint : autograd.SingleTensorFunction<GradientCheckpoint>
{
    const string Part = "part";

    // On the processor parts are computed again by the thread that asked for the backward pass, on other devices by the engine's own.
    [ThreadStatic]
    static Exception? _failureHere;

    static Exception? _failureElsewhere;

    [ThreadStatic]
    static bool _asking;

    // The engine copies the handle after the return from managed code; until then something must hold the tensor. The next one takes its place.
    [ThreadStatic]
    static Tensor? _returned;

    /// <inheritdoc/>
    public override string Name => nameof(GradientCheckpoint);

    /// <summary>
    /// What <paramref name="part"/> makes of the input; gradients flow to the input, where it requires one, and to all leaves in the part.
    /// </summary>
    /// <param name="part">Is called once more by each backward pass: it must do the same then, and have something to train.</param>
    /// <param name="input">Of at least two dimensions; not changed in place before the backward pass.</param>
    internal static Tensor Apply(Func<Tensor, Tensor> part, Tensor input)
    {
        using var scope = NewDisposeScope();
        // The engine knows of no leaf in the part; without this an input that needs no gradient would cut them off.
        var anchor = zeros([0], device: input.device, requires_grad: true);
        return apply(part, input, anchor).MoveToOuterDisposeScope();
    }

    /// <summary>The backward pass of a loss that may have been computed with checkpoints; errors within them keep their cause.</summary>
    /// <exception cref="InvalidOperationException">A part could not be computed again. Some gradients have been added to.</exception>
    internal static void Backward(Tensor loss)
    {
        (_failureHere, _asking) = (null, true);
        try
        {
            loss.backward();
        }
        catch (ExternalException) when ((_failureHere ?? Interlocked.Exchange(ref _failureElsewhere, null)) is { } cause)
        {
            throw new InvalidOperationException($"Activations could not be computed again for the backward pass: {cause.Message}", cause);
        }
        finally
        {
            (_failureHere, _asking) = (null, false);
        }
    }

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (part, input) = ((Func<Tensor, Tensor>)vars[0], (Tensor)vars[1]);
        ctx.save_data(Part, part);
        ctx.save_for_backward([input]);
        ctx.set_materialize_grads(false);
        return part(input);
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        _returned?.Dispose();
        _returned = null;
        using var scope = NewDisposeScope();
        using var received = grad_output;
        if (received.IsInvalid) return [null!, null!, null!];
        try
        {
            _returned = InputGradient(ctx, received)?.DetachFromDisposeScope();
            return [null!, _returned!, null!];
        }
#pragma warning disable CA1031 // An exception that reached the native frames below would end the process.
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (_asking) _failureHere = e;
            else Interlocked.Exchange(ref _failureElsewhere, e);
            // Fits neither the input nor the anchor, so that the engine's own check ends the backward pass.
            _returned = zeros([1], device: received.device).DetachFromDisposeScope();
            return [null!, _returned, _returned];
        }
    }

    static Tensor? InputGradient(autograd.AutogradContext ctx, Tensor outputGradient)
    {
        using var mode = enable_grad();
        var kept = ctx.get_saved_variables()[0];
        var input = kept.detach().requires_grad_(kept.requires_grad);
        var output = ((Func<Tensor, Tensor>)ctx.get_data(Part)!)(input);
        autograd.backward(output, outputGradient);
        return input.grad;
    }
}
