using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Rlhf.Runtime.Store.Migrations;

/// <summary>To whom the store's schedules are left.</summary>
[DbContext(typeof(RuntimeDbContext))]
[Migration("20261202000000_SchedulesLeft")]
internal sealed class SchedulesLeft : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.CreateTable(
        name: "SchedulesLeft",
        columns: table => new { To = table.Column<string>(nullable: false) },
        constraints: table => table.PrimaryKey("PK_SchedulesLeft", r => r.To));

    protected override void Down(MigrationBuilder migrationBuilder) =>
        throw new NotSupportedException("A store is never taken back to an earlier schema.");
}
