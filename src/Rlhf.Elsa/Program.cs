using System.Data.Common;
using Rlhf.Adapters.Blob;
using Rlhf.Elsa.Hosting;

try
{
    var options = ElsaHostOptions.Of(args, Environment.GetEnvironmentVariable);
    if (options.Objects is BlobObjectStore container) await container.CheckAsync(CancellationToken.None);
    await using var host = ElsaHost.Build(options);
    await host.RunAsync();
    return 0;
}
catch (ArgumentException e)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}
catch (Exception e) when (e is IOException or DbException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
