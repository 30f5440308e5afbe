// SPDX-License-Identifier: LGPL-2.1-or-later
// Transcoding jobs and their queue, through the public API.
#include <gst/genos/genos.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "bridge/gio_refs.hpp"
#include "genos/object_refs.hpp"
#include "support/test_line.hpp"
#include "transcodebin/gstgenostranscodebin.h"

namespace genos {

template <> struct RefOps<GstGenosTranscodeQueue> : ObjectOps {};

namespace {

using namespace std::chrono_literals;

class TranscodeJobsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { GST_ELEMENT_REGISTER(genostranscodebin, nullptr); }

  TranscodeJobsTest() {
    char* made = g_dir_make_tmp("genos-queue-XXXXXX", nullptr);
    folder = made;
    g_free(made);
  }
  ~TranscodeJobsTest() override { std::filesystem::remove_all(folder); }

  [[nodiscard]] Ref<GstGenosTranscodeQueue> queue() const {
    return adopt(gst_genos_transcode_queue_new((folder + "/state").c_str()));
  }
  std::string film(const std::string& name, int pictures = 15, const char* size = "160x90") const {
    const std::string path = folder + "/" + name + ".webm", text = size;
    TestLine line("videotestsrc num-buffers=" + std::to_string(pictures) +
                  " ! video/x-raw,framerate=30/1,width=" + text.substr(0, text.find('x')) +
                  ",height=" + text.substr(text.find('x') + 1) +
                  " ! vp8enc deadline=1 cpu-used=16 ! webmmux ! filesink location=" + path);
    line.play();
    EXPECT_EQ(line.outcome(), "eos");
    return path;
  }
  [[nodiscard]] Ref<GstGenosTranscodeJob> job(const std::string& source) const {
    auto made = adopt(gst_genos_transcode_job_new(source.c_str(), (folder + "/out").c_str()));
    g_object_set(made.get(), "ladder", "90p:vp8", "sounds", "", nullptr);
    return made;
  }
  static std::string add(const Ref<GstGenosTranscodeQueue>& queue,
                         const Ref<GstGenosTranscodeJob>& job) {
    Owned<GError> error;
    const bool fine = gst_genos_transcode_queue_add(queue.get(), job.get(), out(error));
    return fine ? "" : error->message;
  }
  static std::vector<GstGenosJobState> states(const Ref<GstGenosTranscodeQueue>& queue) {
    std::vector<GstGenosJobState> found;
    GPtrArray* jobs = gst_genos_transcode_queue_dup_jobs(queue.get(), nullptr);
    for (guint i = 0; jobs && i < jobs->len; ++i)
      found.push_back(gst_genos_transcode_job_get_state(GST_GENOS_TRANSCODE_JOB(jobs->pdata[i])));
    if (jobs) g_ptr_array_unref(jobs);
    return found;
  }

  // Runs it to its end: "", or what was wrong.
  std::string run(const Ref<GstGenosTranscodeQueue>& queue) {
    const auto begun = +[](GstGenosTranscodeQueue*, GstGenosTranscodeJob* job, gpointer self) {
      auto& test = *static_cast<TranscodeJobsTest*>(self);
      test.told.push_back(std::string("begun ") + gst_genos_transcode_job_get_id(job));
      if (test.at_once) g_cancellable_cancel(test.cancellable.get());
    };
    const auto ended = +[](GstGenosTranscodeQueue*, GstGenosTranscodeJob* job, gpointer self) {
      auto& test = *static_cast<TranscodeJobsTest*>(self);
      test.told.push_back(std::string("ended ") + gst_genos_transcode_job_get_id(job));
      if (test.after_one) g_cancellable_cancel(test.cancellable.get());
    };
    g_signal_connect(queue.get(), "job-begun", G_CALLBACK(begun), this);
    g_signal_connect(queue.get(), "job-ended", G_CALLBACK(ended), this);
    const auto over = [](GObject*, GAsyncResult* result, gpointer into) {
      *static_cast<Ref<GAsyncResult>*>(into) = retain(result);
    };
    Ref<GAsyncResult> result;
    gst_genos_transcode_queue_run_async(queue.get(), cancellable.get(), over, &result);
    while (!result) g_main_context_iteration(nullptr, TRUE);
    Owned<GError> error;
    const bool fine = gst_genos_transcode_queue_run_finish(queue.get(), result.get(), out(error));
    return fine ? "" : error->message;
  }

  [[nodiscard]] std::vector<std::string> made_files() const {
    std::vector<std::string> names;
    for (const auto& file : std::filesystem::directory_iterator(folder + "/out"))
      names.push_back(file.path().filename());
    return names;
  }

  // To its end, in no queue.
  static bool runs_alone(const Ref<GstGenosTranscodeJob>& job) {
    const auto over = [](GObject* source, GAsyncResult* result, gpointer into) {
      *static_cast<int*>(into) =
          gst_genos_transcode_job_run_finish(GST_GENOS_TRANSCODE_JOB(source), result, nullptr);
    };
    int fine = -1;
    gst_genos_transcode_job_run_async(job.get(), nullptr, over, &fine);
    while (fine < 0) g_main_context_iteration(nullptr, TRUE);
    return fine != 0;
  }

  std::string folder;
  Ref<GCancellable> cancellable = adopt(g_cancellable_new());
  bool at_once = false;    // it is cancelled when the first job begins
  bool after_one = false;  // or when it has ended
  std::vector<std::string> told;
};

TEST_F(TranscodeJobsTest, WhatIsAddedIsRunInTurnAndTellsHowItWent) {
  const auto first = job(film("one")), second = job(folder + "/none.webm"),
             third = job(film("two"));
  const auto ours = queue();
  g_object_set(ours.get(), "limit", 1u, nullptr);
  for (const auto* each : {&first, &second, &third}) EXPECT_EQ(add(ours, *each), "");
  EXPECT_STREQ(gst_genos_transcode_job_get_id(third.get()), "3");
  EXPECT_EQ(run(ours), "");
  EXPECT_EQ(told, (std::vector<std::string>{"begun 1", "ended 1", "begun 2", "ended 2", "begun 3",
                                            "ended 3"}));
  EXPECT_EQ(gst_genos_transcode_job_get_state(first.get()), GST_GENOS_JOB_STATE_DONE);
  EXPECT_EQ(gst_genos_transcode_job_get_state(second.get()), GST_GENOS_JOB_STATE_FAILED);
  EXPECT_NE(gst_genos_transcode_job_get_reason(second.get()), nullptr);
  EXPECT_EQ(gst_genos_transcode_job_get_reason(third.get()), nullptr);
  // Another process sees the same.
  const auto other = queue();
  EXPECT_EQ(states(other), (std::vector{GST_GENOS_JOB_STATE_DONE, GST_GENOS_JOB_STATE_FAILED,
                                        GST_GENOS_JOB_STATE_DONE}));
  const auto seen = adopt(gst_genos_transcode_queue_dup_job(other.get(), "1", nullptr));
  ASSERT_TRUE(seen);
  gchar** files = gst_genos_transcode_job_dup_outputs(seen.get());
  ASSERT_NE(files[0], nullptr);
  EXPECT_TRUE(std::filesystem::exists(files[0])) << files[0];
  g_strfreev(files);
}

TEST_F(TranscodeJobsTest, WhatWasAddedByAnotherIsRunAsItWasMeant) {
  EXPECT_EQ(add(queue(), job(film("one"))), "");
  const auto ours = queue();
  EXPECT_EQ(states(ours), std::vector{GST_GENOS_JOB_STATE_QUEUED});
  EXPECT_EQ(run(ours), "");
  EXPECT_EQ(states(ours), std::vector{GST_GENOS_JOB_STATE_DONE});
  EXPECT_TRUE(std::filesystem::exists(folder + "/out/one.90p.webm"));
}

TEST_F(TranscodeJobsTest, WhoWaitsCanBeCancelled) {
  const auto ours = queue();
  EXPECT_EQ(add(ours, job(film("one"))), "");
  EXPECT_TRUE(gst_genos_transcode_queue_cancel(queue().get(), "1", nullptr));
  EXPECT_EQ(run(ours), "");
  EXPECT_TRUE(told.empty());
  EXPECT_EQ(states(ours), std::vector{GST_GENOS_JOB_STATE_CANCELLED});
  for (const char* id : {"2", "0", "x", ""}) {
    Owned<GError> error;
    EXPECT_FALSE(gst_genos_transcode_queue_cancel(ours.get(), id, out(error))) << id;
    ASSERT_TRUE(error);
  }
}

TEST_F(TranscodeJobsTest, ARunThatIsCancelledEndsItsJobAndLeavesTheOthers) {
  const auto ours = queue();
  g_object_set(ours.get(), "limit", 1u, nullptr);
  EXPECT_EQ(add(ours, job(film("long", 300, "640x360"))), "");
  EXPECT_EQ(add(ours, job(film("one"))), "");
  at_once = true;
  EXPECT_NE(run(ours), "");
  EXPECT_EQ(states(ours), (std::vector{GST_GENOS_JOB_STATE_CANCELLED, GST_GENOS_JOB_STATE_QUEUED}));
  at_once = false;
  cancellable = adopt(g_cancellable_new());
  EXPECT_EQ(run(ours), "");
  EXPECT_EQ(states(ours), (std::vector{GST_GENOS_JOB_STATE_CANCELLED, GST_GENOS_JOB_STATE_DONE}));
}

TEST_F(TranscodeJobsTest, WhatDidNotBeginWhenARunIsCancelledGoesOnWaiting) {
  const auto ours = queue();
  g_object_set(ours.get(), "limit", 1u, nullptr);
  EXPECT_EQ(add(ours, job(film("one"))), "");
  EXPECT_EQ(add(ours, job(film("two"))), "");
  after_one = true;
  EXPECT_NE(run(ours), "");
  EXPECT_EQ(states(ours), (std::vector{GST_GENOS_JOB_STATE_DONE, GST_GENOS_JOB_STATE_QUEUED}));
  EXPECT_NE(run(ours), "") << "it is cancelled already";
  EXPECT_EQ(states(ours), (std::vector{GST_GENOS_JOB_STATE_DONE, GST_GENOS_JOB_STATE_QUEUED}));
}

TEST_F(TranscodeJobsTest, AJobIsRunAsItWasWhenItWasAdded) {
  const auto ours = queue();
  const auto one = job(film("one"));
  EXPECT_EQ(add(ours, one), "");
  g_object_set(one.get(), "ladder", "45p:vp8", nullptr);
  EXPECT_EQ(run(ours), "");
  EXPECT_TRUE(std::filesystem::exists(folder + "/out/one.90p.webm"));
  // One that is cancelled says so, too.
  const auto two = job(film("two"));
  EXPECT_EQ(add(ours, two), "");
  EXPECT_TRUE(gst_genos_transcode_queue_cancel(ours.get(), "2", nullptr));
  EXPECT_EQ(gst_genos_transcode_job_get_state(two.get()), GST_GENOS_JOB_STATE_CANCELLED);
}

TEST_F(TranscodeJobsTest, WhatCannotBeIsSaidAndChangesNothing) {
  const auto ours = queue();
  EXPECT_NE(add(ours, job("-")), "");
  const auto once = job(film("one"));
  EXPECT_EQ(add(ours, once), "");
  EXPECT_NE(add(ours, once), "");
  EXPECT_EQ(states(ours).size(), 1U);
  // What waits in a queue is run by it.
  EXPECT_FALSE(runs_alone(once));
  // No folder can be made below a file.
  const auto nowhere = adopt(gst_genos_transcode_queue_new((folder + "/one.webm/x").c_str()));
  EXPECT_NE(add(nowhere, job(folder + "/one.webm")), "");
  EXPECT_EQ(gst_genos_transcode_queue_dup_jobs(nowhere.get(), nullptr), nullptr);
  EXPECT_NE(run(nowhere), "");
}

// An encoder that says that it failed, as a broken one does, half-way.
TEST_F(TranscodeJobsTest, ARungThatFailsDoesNotHoldThePercentBack) {
  auto made = job("shown");
  auto source = sink(gst_parse_bin_from_description(
      "videotestsrc is-live=true num-buffers=60 ! video/x-raw,width=320,height=180,framerate=30/1",
      TRUE, nullptr));
  g_object_set(made.get(), "ladder", "180p:vp8,90p:vp8", "element", source.get(), nullptr);
  struct Seen {
    GstElement* source;
    bool broken = false;
    double most = 0;
  } seen{source.get()};
  const auto on_progress = +[](GstGenosTranscodeJob* job, GParamSpec*, gpointer data) {
    auto& so_far = *static_cast<Seen*>(data);
    if (gst_genos_transcode_job_get_state(job) != GST_GENOS_JOB_STATE_RUNNING) return;
    so_far.most = std::max(so_far.most, gst_genos_transcode_job_get_progress(job));
    if (so_far.most < 20 || std::exchange(so_far.broken, true)) return;
    const auto pipeline = adopt(GST_ELEMENT(gst_object_get_parent(GST_OBJECT(so_far.source))));
    const auto rung = adopt(gst_bin_get_by_name(GST_BIN(pipeline.get()), "rung-rung_0"));
    const auto encoder = adopt(gst_bin_get_by_name(GST_BIN(rung.get()), "encoder"));
    gst_element_set_locked_state(encoder.get(), TRUE);
    gst_element_set_state(encoder.get(), GST_STATE_NULL);
    GST_ELEMENT_ERROR(encoder.get(), LIBRARY, ENCODE, ("it broke"), (nullptr));
  };
  g_signal_connect(made.get(), "notify::progress", G_CALLBACK(on_progress), &seen);
  EXPECT_FALSE(runs_alone(made));
  EXPECT_STREQ(gst_genos_transcode_job_get_reason(made.get()),
               "180p:150k:vp8 is not made: it broke\n");
  // What the other one made is whole.
  EXPECT_EQ(made_files(), std::vector<std::string>{"shown.90p.webm"});
  EXPECT_GT(seen.most, 75);
}

// Of a GIF gst-libav (1.22) finds no end: it reads on for ever.
TEST_F(TranscodeJobsTest, WhatStandsStillFails) {
  constexpr char beginning[] = "GIF89a\x20\0\x20\0\x80\0\0\xff\xff\xff\0\0\0";
  constexpr char picture[] = ",\0\0\0\0\1\0\1\0\0\2\2\x44\1\0";
  const std::string bytes =
      std::string(beginning, sizeof beginning - 1) + std::string(picture, sizeof picture - 1) + ";";
  const std::string path = folder + "/a.gif";
  ASSERT_TRUE(g_file_set_contents(path.c_str(), bytes.data(), gssize(bytes.size()), nullptr));
  for (const auto& source : {path, "file://" + path}) {
    const auto made = job(source);
    g_object_set(made.get(), "patience", 2, nullptr);
    EXPECT_FALSE(runs_alone(made));
    EXPECT_EQ(gst_genos_transcode_job_get_state(made.get()), GST_GENOS_JOB_STATE_FAILED);
    EXPECT_STREQ(gst_genos_transcode_job_get_reason(made.get()),
                 "nothing has come of it for 2 seconds: it may be damaged, or of a kind whose end "
                 "GStreamer does not find");
    EXPECT_TRUE(made_files().empty());
  }
}

// As of an application that waits for somebody.
TEST_F(TranscodeJobsTest, AnElementHasAllTime) {
  const auto made = job("film");
  GstElement* source = gst_parse_bin_from_description(
      "videotestsrc num-buffers=1 ! video/x-raw,width=160,height=90,framerate=30/1 ! "
      "identity sleep-time=2200000",
      TRUE, nullptr);
  g_object_set(made.get(), "element", source, "patience", 1, nullptr);
  EXPECT_TRUE(runs_alone(made));
}

}  // namespace
}  // namespace genos
