using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Rlhf.Runtime.Store.Migrations;

/// <summary>The name of an instance.</summary>
[DbContext(typeof(RuntimeDbContext))]
[Migration("20261203000000_InstanceNames")]
internal sealed class InstanceNames : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.AddColumn<string>("Name", "Instances", nullable: true);

    protected override void Down(MigrationBuilder migrationBuilder) =>
        throw new NotSupportedException("A store is never taken back to an earlier schema.");
}
