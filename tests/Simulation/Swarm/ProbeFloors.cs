using System.Globalization;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>How often the default run has to come to each of the kernel's rarer moments: a fault that stops happening,
/// or a branch that nothing reaches any more, is noticed here and not when it is needed.</summary>
internal static class ProbeFloors
{
    private const long Usual = 100;
    private const string Compaction = nameof(SwarmTests.Swarm_Compaction_LosesNothingAndPassesNoFinality);
    private const string Registers = nameof(RegisterSwarmTests.Swarm_AnySeed_GivesEachRegisterOneHistory);

    private const string Members = nameof(MembershipSwarmTests.Swarm_MembersComeAndGo_KeepsAllInvariants);

    private const string Sealed
        = nameof(SealedScenarios.Subjects_InAnyWeather_EveryBoxOpensWhereItMayOrItsSubjectIsForgotten);
    private const string Filters = nameof(SwarmTests.Swarm_Filters_LeaveNothingOutThatIsForARegion);

    private const string Regions = nameof(RegionSwarmTests.Swarm_Regions_WithholdWhatTheySayAndFillWhatTheyLetIn);

    private const string Moves = "MovingPrimaryTests.History_WhileThePrimaryMoves_IsThatOfOneCopy";

    /// <summary>Moments that the default run comes to less often.</summary>
    private static readonly Dictionary<Probe, long> Rare = new()
    {
        [Probe.OwedGivenUp] = 1,
        [Probe.OwedHeldBack] = 30,
        [Probe.DamagedRowSkipped] = 10,
        [Probe.DeduplicatedByFold] = 5,
        [Probe.CommandRepeated] = 5,
        [Probe.ContinuityProven] = 30,
        [Probe.ContinuityRefuted] = 2,
        [Probe.RegionClaimedTwice] = 3,
        [Probe.MissingExplained] = 10,
    };

    /// <summary>Moments that it cannot, or hardly ever, come to, and the test that does.</summary>
    private static readonly Dictionary<Probe, string> Elsewhere = new()
    {
        [Probe.OwnEventBeyondSeen]
            = nameof(OwnEventScenarios.OwnEvent_BeyondSeenInTheCurrentLife_StopsTheWriterAndBeginsANewLifeWithAnAlarm),
        [Probe.HistoryNeeded]
            = nameof(RollbackScenarios.Restore_BehindItsOwnReport_ItsEarlyStampedWriteIsFoldedFromTheFirstEvent),
        [Probe.Superseded] = nameof(RollbackScenarios.Clone_BothRun_SecondIncarnationAndAnAlarmAndNothingIsMerged),
        [Probe.LaneFenced] = nameof(RecoveryScenarios.Lane_TakenOverByAnotherOwner_RefusesTheWriteAndAlarms),
        [Probe.LifeUnsettled]
            = nameof(ScatteredScenarios.RowsBeyondAFrontier_TheirLifeGoesOnAfterAll_WhatWasMissingIsAskedForAgain),
        [Probe.MissingFetched] = nameof(
            AntiEntropyScenarios.SetBack_WithItsGuardAndWrittenToUnheard_EverythingIsEverywhereAndForksAreQuarantined),
        [Probe.ForkFound] = nameof(
            AntiEntropyScenarios.SetBack_WithItsGuardAndWrittenToUnheard_EverythingIsEverywhereAndForksAreQuarantined),
        [Probe.SnapshotRefuted]
            = nameof(AntiEntropyScenarios.Snapshot_ThatDoesNotAgreeWithItsEvents_IsFoldedAgainAndStaysRight),
        [Probe.StatesDiffered]
            = nameof(AntiEntropyScenarios.States_ThatDifferOfTheSameEvents_AreNamedInBothRegions),
        [Probe.EffectsRun]
            = nameof(FinalEffectScenarios.Effect_ProcessDiesBeforeItIsRecorded_RunsAgainAndHappensOnce),
        [Probe.CheckpointRestored] = Compaction,
        [Probe.CheckpointWritten] = Compaction,
        [Probe.RowsRemoved] = Compaction,
        [Probe.CompactionWaited] = Compaction,
        [Probe.CompactedTold]
            = nameof(CompactionScenarios.NewRegion_AfterCompaction_TakesSnapshotsAndEndsWithTheSameDigests),
        [Probe.SnapshotTaken] = Compaction,
        [Probe.SnapshotRefused] = nameof(CompactionScenarios.Snapshot_OfAnotherStateVersion_IsRefusedAndNamed),
        [Probe.WriteHeldForPeers] = Compaction,
        [Probe.BeforeCheckpoint]
            = nameof(CompactionScenarios.Event_OfTwoRegionsThatLostDataAndComesBeforeTheCheckpoint_ParksItsEntity),
        [Probe.LifeSettled] = nameof(
            ScatteredScenarios.RowsBeyondAFrontier_TheirLifeGoesOnAfterAll_WhatWasMissingIsAskedForAgain),
        [Probe.RegisterDecided] = Registers,
        [Probe.RegisterReadAtOnce] = Registers,
        [Probe.RegisterOutbid] = Registers,
        [Probe.RegisterPaused] = Registers,
        [Probe.RegisterWithoutQuorum] = Registers,
        [Probe.RegisterUnknown] = Registers,
        [Probe.VoteOfAnOlderLife] = Registers,
        [Probe.VoterLife] = Registers,
        [Probe.VoterCopied] = Registers,
        [Probe.VoterFirst] = Registers,
        [Probe.VoterStands] = Registers,
        [Probe.VoterDeposed] = Registers,
        [Probe.VoterFoundForgetful]
            = nameof(ForgottenVoteScenarios.Died_CopyOfBeforeItsLastLifePutBack_DoesNotVoteOnWhatItHolds),
        [Probe.HistoryOpened] = nameof(SwarmTests.Swarm_LocalTypes_StayWhereTheyAreUntilTheyAreOpened),
        [Probe.HistoryTaken] = nameof(SwarmTests.Swarm_LocalTypes_StayWhereTheyAreUntilTheyAreOpened),
        [Probe.Forwarded] = "PrimaryWorldTests.History_InAnyWeather_IsThatOfOneCopy",
        [Probe.ForwardedAgain] = "PrimaryWorldTests.Send_PrimaryDiesMeanwhile_AKeyedCommandIsAnsweredOnce",
        [Probe.PrimaryWanted] = Moves,
        [Probe.PrimaryTaken] = Moves,
        [Probe.PrimaryDemoted] = Moves,
        [Probe.PrimaryHandedOver] = Moves,
        [Probe.PrimaryReplaced] = Moves,
        [Probe.LeaseGranted] = Moves,
        [Probe.LeaseUsed] = Moves,
        [Probe.LeaseRefused] = "KernelLeaseTests.Lease_AskedOfAVoterThatHasVotedForALaterEpoch_IsNotGranted",
        [Probe.LeaseMissed]
            = "KernelLeaseTests.Read_ProcessStandsStillBeforeItsAnswer_IsNotAnsweredUnderTheLeaseOfBefore",
        [Probe.Orphaned] = "MovingPrimaryTests."
            + "Primary_CutOffWithAnUnreplicatedWrite_IsReplacedAndItsEventIsOrphanedEverywhere",
        [Probe.SubjectKeysFetched] = Sealed,
        [Probe.SubjectKeysAsked] = Sealed,
        [Probe.SubjectKeyKept] = Sealed,
        [Probe.SubjectForgotten] = Sealed,
        [Probe.SubjectKeyLost] = nameof(SealedLossScenarios.Member_WhoseKeyWasLostWithItsRegion_IsLostAndNotForgotten),
        [Probe.KeyHoldersAsked]
            = nameof(SealedLevelScenarios.Writes_InAnyWeather_AreAnsweredOnceTwoRegionsHaveTheirKeys),
        [Probe.MembersSearched] = nameof(
            SealedLevelScenarios.Write_ThatOnlyMovesAMember_WaitsForItsKeyAlsoWhenItIsRepeatedAfterItIsFinal),
        [Probe.LateKeyRefused] = nameof(SealedScenarios.Key_ArrivesAfterItsSubjectWasForgotten_IsRefused),
        [Probe.ForgottenAhead] = nameof(
            SealedLossScenarios.Forgetting_ThatWaitsForItsCauses_IsObeyedBeforeTheyCome),
        [Probe.FilterTaken] = Filters,
        [Probe.EventLeftOut] = Filters,
        [Probe.FilteredEventDropped] = Filters,
        [Probe.PlaceholderNoted] = Filters,
        [Probe.FilterClosed] = Filters,
        [Probe.FilterOpened] = Filters,
        [Probe.FillTaken] = Filters,
        [Probe.FillGivenUp] = nameof(FilterScenarios
            .Filter_OpenedAndTheOnlyHolderLostItsDisk_WhatIsLeftIsTakenAndAnAlarmSaysSo),
        [Probe.FilteredForwarded] = nameof(FilterScenarios.Filter_RegionLeftOut_IsReadOnlyAndShowsNothing),
        [Probe.Withheld] = Regions,
        [Probe.WithheldOwed] = Regions,
        [Probe.PlaceholderFilled] = Regions,
        [Probe.EntityForwarded] = Regions,
        [Probe.FillMissing] = nameof(RegionScenarios.Regions_OpenedAndTheOnlyHolderLostItsDisk_IsGivenUpWithAnAlarm),
        [Probe.PlaceholdersTaken] = nameof(
            LostRegionScenarios.Lost_WithALaterEventThatARegionWithoutThemHas_AreGivenUpAndNothingWaits),
        [Probe.PlaceholdersGivenUp] = nameof(
            LostRegionScenarios.Lost_WithALaterEventThatARegionWithoutThemHas_AreGivenUpAndNothingWaits),
        [Probe.EventNotUnderstood]
            = "EntityRegionTests.Page_ForAPeerOfAnOlderVersion_ClaimsNothingOfAnEntityThatHasAFilter",
        [Probe.PastReopened] = nameof(
            PastLivesScenarios.Life_ThatIsPast_GoesOnAfterAll_IsToldAgainAndNothingOfItIsLost),
        [Probe.PastUnknown] = nameof(PastLivesScenarios.Restored_BehindLivesThatAreGoneFromReports_IsToldWhatItLacks),
        [Probe.LivesNotTold]
            = nameof(PastLivesScenarios.Members_ThatDoNotConfirm_AreNamedByAnAlarmBeforeLinksEnd),
        [Probe.CopyRefused] = nameof(
            ForgottenVoteScenarios.Copied_MoreRegistersThanThereMayBe_AreRefusedAndItDoesNotVote),
        [Probe.AskedTooMuch] = "KernelServingTests.Fetches_MoreThanARegionAsksFor_EndTheLinkWithAnAlarm",
        [Probe.ControlSentAhead]
            = "KernelServingTests.Commit_WhileItsLaneCatchesUp_OnlyWhatIsOfTheProtocolsOwnTypesGoesAhead",
        [Probe.ConfigurationTaken] = Members,
        [Probe.RemovedRefused] = Members,
        [Probe.RegionSealed] = Members,
        [Probe.StandingReportCounted]
            = nameof(JoiningScenarios.Finality_MemberHoldsBackWhatAFormerJournalWrote_WaitsForThat),
        [Probe.TokenBeyondSeal]
            = nameof(MembershipScenarios.Token_OfWhatOnlyARemovedRegionHas_IsRefusedAtOnceAndNotAtItsDeadline),
        [Probe.LaneJoined] = Members,
        [Probe.ConfigurationForced] = nameof(MembershipScenarios.Remove_InAGroupOfTwo_NeedsForce),
        [Probe.ReleasedOverGap] = nameof(MembershipScenarios
            .Lost_TwoRegionsWithEventsThatOthersDependOn_HeldEventsAreReleasedWithARecordThatNamesThem),
        [Probe.Fork] = "KernelForkTests.Receive_OtherContentUnderTheSameNumber_IsAForkThatIsNotedAndNotTaken",
    };

    public static void Demand(Func<Probe, long> hits)
    {
        var missed = Enum.GetValues<Probe>().Where(p => !Elsewhere.ContainsKey(p) && hits(p) < Floor(p))
            .Select(p => string.Create(CultureInfo.InvariantCulture, $"{p} {hits(p)} times, not {Floor(p)}"));
        missed.ShouldBeEmpty("The default run has to come to these moments more often.");
    }

    private static long Floor(Probe probe) => Rare.GetValueOrDefault(probe, Usual);
}
