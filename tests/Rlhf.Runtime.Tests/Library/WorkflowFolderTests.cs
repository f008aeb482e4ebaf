using Rlhf.Runtime.Library;
using Rlhf.Runtime.Tests.Support;

namespace Rlhf.Runtime.Tests.Library;

public sealed class WorkflowFolderTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_file_that_is_written_while_it_is_looked_at_is_looked_at_again()
    {
        _folder.File("some.json", """{ "definitionId": "some" }""");
        var folder = new WorkflowFolder([_folder.Path]);

        var first = Assert.Single(folder.Changed());
        _folder.File("some.json", """{ "definitionId": "some", "name": "Another one" }""");
        folder.Saw(first);
        var second = Assert.Single(folder.Changed());
        folder.Saw(second);

        Assert.Contains("Another one", second.Text, StringComparison.Ordinal);
        Assert.Empty(folder.Changed());
    }
}
