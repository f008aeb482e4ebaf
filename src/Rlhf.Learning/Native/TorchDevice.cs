using System.Globalization;
using TorchSharp;

namespace Rlhf.Learning.Native;

/// <summary>Chooses the device that tensors live on.</summary>
public static class TorchDevice
{
    /// <summary>Environment variable: <c>cpu</c> (default), <c>cuda</c> or <c>cuda:N</c>.</summary>
    public const string Variable = "RLHF_DEVICE";

    /// <summary>The device named by <see cref="Variable"/>; an unknown value or a missing device is an error that names it.</summary>
    public static torch.Device FromEnvironment() => Parse(Environment.GetEnvironmentVariable(Variable));

    /// <summary>The device of that name; null or empty is the CPU.</summary>
    public static torch.Device Parse(string? name)
    {
        TorchNative.Initialize();
        if (name is null or "" or "cpu")
            return torch.CPU;
        if (CudaIndex(name) is not { } index)
            throw new ArgumentException($"{Variable} is '{name}', but 'cpu', 'cuda' or 'cuda:N' was expected.");
        if (!torch.cuda_is_available())
            throw new ArgumentException(
                $"{Variable} is '{name}', but this build or machine has no CUDA device: use 'cpu', or build with -p:Cuda=true where there is one.");
        if (index >= torch.cuda.device_count())
            throw new ArgumentException(
                $"{Variable} is '{name}', but this machine has {torch.cuda.device_count()} CUDA devices, counted from 0.");
        return torch.device(DeviceType.CUDA, index);
    }

    static int? CudaIndex(string name)
    {
        if (name == "cuda")
            return 0;
        return name.StartsWith("cuda:", StringComparison.Ordinal)
            && int.TryParse(name.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : null;
    }
}
