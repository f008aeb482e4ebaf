using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Rlhf.Runtime.Store.Migrations;

/// <summary>Labelers' tries at the examples of the guidelines, and what they say of the safety of either side.</summary>
[DbContext(typeof(RuntimeDbContext))]
[Migration("20261128100000_LabelerQualifications")]
internal sealed class LabelerQualifications : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.AddColumn<string>("SafeA", "LabelingJudgements", nullable: true);
        migrationBuilder.AddColumn<string>("SafeB", "LabelingJudgements", nullable: true);
        migrationBuilder.CreateTable("LabelingQualifications", table => new
        {
            Labeler = table.Column<string>(),
            Axis = table.Column<string>(),
            Version = table.Column<string>(),
            Try = table.Column<int>(),
            Said = table.Column<string>(),
            Right = table.Column<int>(),
            Passed = table.Column<bool>(),
            ReceivedAt = table.Column<long>(),
        }, constraints: table => table.PrimaryKey("PK_LabelingQualifications", q => new { q.Labeler, q.Axis, q.Version, q.Try }));
    }

    protected override void Down(MigrationBuilder migrationBuilder) =>
        throw new NotSupportedException("A store is never taken back to an earlier schema.");
}
