using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Rlhf.Runtime.Store.Migrations;

/// <summary>Each question knows its places and how many of them are empty, so that nobody has to count answers; and what else can be asked of one.</summary>
[DbContext(typeof(RuntimeDbContext))]
[Migration("20261128000000_LabelingPlaces")]
internal sealed class LabelingPlaces : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.AddColumn<int>("MostPerQuestion", "LabelingRequests", nullable: false, defaultValue: 0);
        migrationBuilder.AddColumn<bool>("Adjudicates", "LabelingRequests", nullable: false, defaultValue: false);
        migrationBuilder.AddColumn<double>("GoldShare", "LabelingRequests", nullable: false, defaultValue: 0.0);
        migrationBuilder.AddColumn<double>("RepeatShare", "LabelingRequests", nullable: false, defaultValue: 0.0);
        migrationBuilder.Sql("""UPDATE "LabelingRequests" SET "MostPerQuestion" = "JudgementsPerQuestion"; """);

        migrationBuilder.AddColumn<int>("Places", "LabelingQuestions", nullable: false, defaultValue: 0);
        migrationBuilder.AddColumn<int>("Missing", "LabelingQuestions", nullable: false, defaultValue: 0);
        migrationBuilder.AddColumn<bool>("ForAdjudicator", "LabelingQuestions", nullable: false, defaultValue: false);
        migrationBuilder.AddColumn<string>("Gold", "LabelingQuestions", nullable: true);
        migrationBuilder.Sql("""
            UPDATE "LabelingQuestions" SET "Places" = (SELECT r."JudgementsPerQuestion" FROM "LabelingRequests" AS r WHERE r."Id" = "LabelingQuestions"."RequestId");
            """);
        migrationBuilder.Sql("""
            UPDATE "LabelingQuestions" SET "Missing" = "Places" - (
                SELECT COUNT(*) FROM "LabelingJudgements" AS j WHERE j."Item" = "LabelingQuestions"."Item" AND j."Place" IS NOT NULL);
            """);
        migrationBuilder.CreateIndex(
            "IX_LabelingQuestions_Open", "LabelingQuestions", ["RequestId", "Position", "Missing", "ForAdjudicator", "Axis", "Item"], filter: "\"Missing\" > 0");
        migrationBuilder.CreateIndex("IX_LabelingQuestions_Gold", "LabelingQuestions", ["Axis", "Item"], filter: "\"Gold\" IS NOT NULL");
        migrationBuilder.AddColumn<bool>("Adjudicated", "LabelingJudgements", nullable: false, defaultValue: false);
        migrationBuilder.CreateIndex("IX_LabelingJudgements_Item_Labeler", "LabelingJudgements", ["Item", "Labeler"]);
        migrationBuilder.CreateIndex("IX_LabelingAssignments_Labeler_LeasedUntil", "LabelingAssignments", ["Labeler", "LeasedUntil"]);
    }

    protected override void Down(MigrationBuilder migrationBuilder) =>
        throw new NotSupportedException("A store is never taken back to an earlier schema.");
}
