using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Rlhf.Runtime.Store.Migrations;

/// <summary>What callers call an instance by, and what instances are searched by and put in order.</summary>
[DbContext(typeof(RuntimeDbContext))]
[Migration("20261201000000_InstanceSearches")]
internal sealed class InstanceSearches : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.AddColumn<string>("CorrelationId", "Instances", nullable: true);
        migrationBuilder.CreateIndex("IX_Instances_UpdatedAt_Id", "Instances", ["UpdatedAt", "Id"]);
        migrationBuilder.CreateIndex("IX_Instances_DefinitionId_CreatedAt", "Instances", ["DefinitionId", "CreatedAt"]);
        migrationBuilder.CreateIndex("IX_Instances_CorrelationId", "Instances", "CorrelationId");
        migrationBuilder.CreateIndex("IX_Instances_Parent", "Instances", "Parent");
    }

    protected override void Down(MigrationBuilder migrationBuilder) =>
        throw new NotSupportedException("A store is never taken back to an earlier schema.");
}
