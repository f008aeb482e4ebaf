using Microsoft.AspNetCore.Http;

namespace Rlhf.Server.Hosting;

/// <summary>How a server whose callers expect another shape than this product's own writes an error.</summary>
interface IErrorForm
{
    Task WriteAsync(HttpContext context, int status, string sentence);
}
