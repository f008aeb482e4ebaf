using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

namespace Rlhf.Runtime.Store.Migrations;

/// <summary>Questions that wait for people, and their answers.</summary>
[DbContext(typeof(RuntimeDbContext))]
[Migration("20261126000000_LabelingDesk")]
internal sealed class LabelingDesk : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateTable("LabelingRequests", table => new
        {
            Id = table.Column<string>(),
            InstanceId = table.Column<string>(),
            JudgementsPerQuestion = table.Column<int>(),
            AskedAt = table.Column<long>(),
            ClosedAt = table.Column<long>(nullable: true),
        }, constraints: table => table.PrimaryKey("PK_LabelingRequests", r => r.Id));
        migrationBuilder.CreateIndex("IX_LabelingRequests_ClosedAt", "LabelingRequests", "ClosedAt");

        migrationBuilder.CreateTable("LabelingQuestions", table => new
        {
            Item = table.Column<string>(),
            RequestId = table.Column<string>(),
            Position = table.Column<int>(),
            Axis = table.Column<string>(),
            Content = table.Column<string>(),
        }, constraints: table =>
        {
            table.PrimaryKey("PK_LabelingQuestions", q => q.Item);
            table.ForeignKey("FK_LabelingQuestions_LabelingRequests_RequestId", q => q.RequestId, "LabelingRequests", "Id", onDelete: ReferentialAction.Cascade);
        });
        migrationBuilder.CreateIndex("IX_LabelingQuestions_RequestId_Position", "LabelingQuestions", ["RequestId", "Position"], unique: true);

        migrationBuilder.CreateTable("LabelingJudgements", table => new
        {
            Number = table.Column<long>()
                .Annotation("Sqlite:Autoincrement", true)
                .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
            Key = table.Column<string>(),
            Item = table.Column<string>(),
            Labeler = table.Column<string>(),
            LabelerKind = table.Column<string>(),
            Choice = table.Column<string>(),
            Seconds = table.Column<double>(nullable: true),
            ShownFirst = table.Column<string>(nullable: true),
            Guidelines = table.Column<string>(nullable: true),
            AnsweredAt = table.Column<long>(nullable: true),
            ReceivedAt = table.Column<long>(),
            Place = table.Column<int>(nullable: true),
        }, constraints: table =>
        {
            table.PrimaryKey("PK_LabelingJudgements", j => j.Number);
            table.ForeignKey("FK_LabelingJudgements_LabelingQuestions_Item", j => j.Item, "LabelingQuestions", "Item", onDelete: ReferentialAction.Cascade);
        });
        migrationBuilder.CreateIndex("IX_LabelingJudgements_Key", "LabelingJudgements", "Key", unique: true);
        migrationBuilder.CreateIndex("IX_LabelingJudgements_Item_Place", "LabelingJudgements", ["Item", "Place"], unique: true);
    }

    protected override void Down(MigrationBuilder migrationBuilder) =>
        throw new NotSupportedException("A store is never taken back to an earlier schema.");
}
