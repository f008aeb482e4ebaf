using Rlhf.Learning.Native;
using TorchSharp;

namespace Rlhf.Learning.Tests.Native;

public class TorchDeviceTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("cpu")]
    public void The_default_device_is_the_cpu(string? name)
    {
        var device = TorchDevice.Parse(name);

        Assert.Equal(DeviceType.CPU, device.type);
    }

    [Theory]
    [InlineData("gpu")]
    [InlineData("cuda:")]
    [InlineData("cuda:-1")]
    [InlineData("CPU")]
    public void An_unknown_device_is_an_error_that_names_it(string name)
    {
        var error = Assert.Throws<ArgumentException>(() => TorchDevice.Parse(name));

        Assert.Equal($"RLHF_DEVICE is '{name}', but 'cpu', 'cuda' or 'cuda:N' was expected.", error.Message);
    }

    [Fact]
    public void Cuda_without_cuda_is_an_error()
    {
        if (torch.cuda_is_available())
            Assert.Skip("This machine has CUDA.");

        var error = Assert.Throws<ArgumentException>(() => TorchDevice.Parse("cuda:1"));

        Assert.StartsWith("RLHF_DEVICE is 'cuda:1', but this build or machine has no CUDA device", error.Message);
    }
}
