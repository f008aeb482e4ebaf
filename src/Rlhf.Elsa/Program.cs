using Rlhf.Elsa.Hosting;

try
{
    await using var host = ElsaHost.Build(ElsaHostOptions.Of(args, Environment.GetEnvironmentVariable));
    await host.RunAsync();
    return 0;
}
catch (ArgumentException e)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}
