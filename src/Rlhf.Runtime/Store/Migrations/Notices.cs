using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Rlhf.Runtime.Store.Migrations;

/// <summary>What a running step has to say to the person who runs it.</summary>
[DbContext(typeof(RuntimeDbContext))]
[Migration("20261125000000_Notices")]
internal sealed class Notices : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.AddColumn<string>("Notices", "Jobs", nullable: true);

    protected override void Down(MigrationBuilder migrationBuilder) =>
        throw new NotSupportedException("A store is never taken back to an earlier schema.");
}
