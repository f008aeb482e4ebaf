using System.Runtime.CompilerServices;
using Rlhf.Learning.Native;

namespace Rlhf.Learning.Tests.Support;

static class Loading
{
    // A test may touch a tensor before anything of Rlhf.Learning.
#pragma warning disable CA2255
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Initialize() => TorchNative.Initialize();
}
