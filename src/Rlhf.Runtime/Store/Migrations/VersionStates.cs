using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Rlhf.Runtime.Store.Migrations;

/// <summary>What a version of a definition is, instead of whether it was published; and how often a draft was changed.</summary>
[DbContext(typeof(RuntimeDbContext))]
[Migration("20261130000000_VersionStates")]
internal sealed class VersionStates : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.AddColumn<string>("State", "Definitions", defaultValue: nameof(VersionState.Draft));
        migrationBuilder.AddColumn<int>("Revision", "Definitions", defaultValue: 1);
        migrationBuilder.Sql("""
            UPDATE "Definitions" SET "State" = 'Retired' WHERE "Published";
            UPDATE "Definitions" SET "State" = 'Published' WHERE "Published" AND NOT EXISTS (
                SELECT 1 FROM "Definitions" d WHERE d."DefinitionId" = "Definitions"."DefinitionId" AND d."Version" > "Definitions"."Version" AND d."Published");
            ALTER TABLE "Definitions" DROP COLUMN "Published";
            """);
    }

    protected override void Down(MigrationBuilder migrationBuilder) =>
        throw new NotSupportedException("A store is never taken back to an earlier schema.");
}
