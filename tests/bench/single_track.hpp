// What the generated RDataFrame program of a lone track computes per event: its kaon, identification and quantities,
// in float64.  Independent of the package's kernels; constants are defined before this file is included.
#pragma once
#include <limits>

#include "selection.hpp"

struct Straight {
  double x, y, sx, sy;
};
struct Meeting {
  double distance, x, y, z;
};
struct Match {
  int track = -1, tag = -1, beam = -1;
  Meeting at;
};
struct Pair {
  Three track, kaon;
};

inline Straight straight(const Floats &x, const Floats &y, const Floats &sx, const Floats &sy, int n) {
  return {x[n], y[n], sx[n], sy[n]};
}
inline double dot(const Three &a, const Three &b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

// Closest approach of two lines given in the planes za and zb, by the parameters along them.
inline Meeting meeting(const Straight &a, double za, const Straight &b, double zb) {
  const Three u = {a.sx, a.sy, 1}, v = {b.sx, b.sy, 1}, d = {b.x - a.x, b.y - a.y, zb - za}, n = cross(u, v);
  const double square = dot(n, n);
  if (square == 0) return {std::numeric_limits<double>::infinity(), 0, 0, 0};
  const double s = dot(cross(d, v), n) / square, t = dot(cross(d, u), n) / square;
  return {std::abs(dot(d, n)) / std::sqrt(square), (a.x + s * a.sx + b.x + t * b.sx) / 2,
          (a.y + s * a.sy + b.y + t * b.sy) / 2, (za + s + zb + t) / 2};
}

template <typename Q>
Match match(const Floats &time, const Q &charge, const Floats &x, const Floats &y, const Floats &sx, const Floats &sy,
            const Floats &tagged, const Floats &passed, const Floats &bx, const Floats &by, const Floats &bsx,
            const Floats &bsy, double trigger) {
  Match m;
  const int tracks = time.size(), tags = tagged.size(), beams = passed.size();
  for (int i = 0; i < tracks; ++i)
    if (charge[i] > 0 && (m.track < 0 || std::abs(time[i] - trigger) < std::abs(time[m.track] - trigger))) m.track = i;
  if (m.track < 0) return m;
  const double mine = time[m.track];
  for (int i = 0; i < tags; ++i)
    if (m.tag < 0 || std::abs(tagged[i] - mine) < std::abs(tagged[m.tag] - mine)) m.tag = i;
  if (m.tag < 0) return m;
  const Straight track = straight(x, y, sx, sy, m.track);
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < beams; ++i) {
    const double late = double(passed[i]) - double(tagged[m.tag]);
    if (std::abs(late) >= BEAM_WINDOW) continue;
    const Meeting at = meeting(track, Z_BEFORE, straight(bx, by, bsx, bsy, i), Z_GTK3);
    const double squares = late / TIME_WIDTH * (late / TIME_WIDTH) + at.distance / APART_WIDTH * (at.distance / APART_WIDTH);
    if (squares < best) best = squares, m.beam = i, m.at = at;
  }
  return m;
}

inline Three momentum(double p, double sx, double sy) {
  const double pz = p / std::sqrt(1 + sx * sx + sy * sy);
  return {sx * pz, sy * pz, pz};
}
Pair momenta_of(const Match &m, const Floats &p, const Floats &sx, const Floats &sy, const Floats &bp,
                const Floats &bsx, const Floats &bsy) {
  return {momentum(p[m.track], sx[m.track], sy[m.track]), momentum(bp[m.beam], bsx[m.beam], bsy[m.beam])};
}

// --- quantities

template <typename I>
bool muon_in_time(const Match &m, const I &index, const Floats &time, const Floats &rich, double window) {
  return index[m.track] >= 0 && std::abs(double(time[m.track]) - double(rich[m.track])) < window;
}
bool rich_muon(const Match &m, const Floats &p, const Floats &e, const Floats &mu, const Floats &pi, double below,
               double threshold) {
  const int n = m.track;
  return p[n] >= below || (e[n] <= pi[n] && (p[n] < threshold || mu[n] >= pi[n]));
}
struct Point {
  double x, y;
};
inline Point point(const Match &m, const Floats &x, const Floats &y, const Floats &sx, const Floats &sy, double dz) {
  return {x[m.track] + double(sx[m.track]) * dz, y[m.track] + double(sy[m.track]) * dz};
}
double lone_in_acceptance(const Match &m, const Floats &x, const Floats &y, const Floats &sx, const Floats &sy,
                          const Floats &xa, const Floats &ya, const Floats &sxa, const Floats &sya) {
  for (int chamber = 0; chamber < 4; ++chamber) {
    const bool before = STRAW_Z[chamber] < (Z_BEFORE + Z_AFTER) / 2;
    const Point p = before ? point(m, x, y, sx, sy, STRAW_Z[chamber] - Z_BEFORE)
                           : point(m, xa, ya, sxa, sya, STRAW_Z[chamber] - Z_AFTER);
    const double dx = std::abs(p.x - HOLE_X[chamber]), dy = std::abs(p.y);
    const bool hole = std::max(dx, dy) <= HOLE && dx + dy <= HOLE * std::sqrt(2.0);
    if (hole || p.x * p.x + p.y * p.y >= STRAW_R * STRAW_R) return 0;
  }
  const Point chod = point(m, xa, ya, sxa, sya, CHOD_Z - Z_AFTER), lkr = point(m, xa, ya, sxa, sya, LKR_Z - Z_AFTER);
  const double r2 = chod.x * chod.x + chod.y * chod.y, ax = std::abs(lkr.x), ay = std::abs(lkr.y);
  return CHOD_MIN * CHOD_MIN < r2 && r2 < CHOD_MAX * CHOD_MAX && std::max(ax, ay) < LKR_APOTHEM &&
         ax + ay < LKR_APOTHEM * std::sqrt(2.0) && ax * ax + ay * ay > LKR_MIN * LKR_MIN;
}
inline double in_muv3(const Point &p) {
  return std::max(std::abs(p.x), std::abs(p.y)) < MUV3_HALF && p.x * p.x + p.y * p.y > MUV3_MIN * MUV3_MIN;
}
double beyond(const Match &m, const Pair &p, double mass, double kaon_mass, const std::array<double, 2> &angles,
              const std::array<double, 2> &z) {
  const double k = norm(p.kaon), along = dot(p.track, p.kaon) / k;
  Three rest;
  for (int i = 0; i < 3; ++i) rest[i] = p.track[i] - along * p.kaon[i] / k;
  const double boosted = (energy(p.kaon, kaon_mass) * along - k * energy(p.track, mass)) / kaon_mass;
  const double angle = std::atan2(norm(rest), boosted), part = (angle - angles[0]) / (angles[1] - angles[0]);
  return m.at.z - (z[0] + std::clamp(part, 0.0, 1.0) * (z[1] - z[0]));
}
double other_vertices(const Match &m, const Floats &x, const Floats &y, const Floats &sx, const Floats &sy, double within) {
  int count = 0;
  for (int i = 0; i < int(x.size()); ++i) {
    if (i == m.track) continue;
    const Meeting at = meeting(straight(x, y, sx, sy, m.track), Z_BEFORE, straight(x, y, sx, sy, i), Z_BEFORE);
    count += at.distance < within && Z_LOW < at.z && at.z < Z_HIGH;
  }
  return count;
}
double near(const Floats &time, double centre, double window) {
  int count = 0;
  for (double t : time) count += std::abs(t - centre) < window;
  return count;
}
template <typename I> double near_others(const Floats &time, const I &owner, int own, double centre, double window) {
  int count = 0;
  for (size_t i = 0; i < time.size(); ++i) count += std::abs(time[i] - centre) < window && owner[i] != own;
  return count;
}
double clusters_off(const Floats &energy, const Floats &x, const Floats &y, const Floats &time, const Point &impact,
                    double centre, double above, double distance, double window) {
  int count = 0;
  for (size_t i = 0; i < energy.size(); ++i) {
    const double dx = x[i] - impact.x, dy = y[i] - impact.y;
    count += energy[i] > above && std::abs(time[i] - centre) < window && dx * dx + dy * dy > distance * distance;
  }
  return count;
}
double missing_mass_squared(const Pair &p, double mass, double kaon_mass) {
  const double e = energy(p.kaon, kaon_mass) - energy(p.track, mass);
  double square = 0;
  for (int i = 0; i < 3; ++i) square += (p.kaon[i] - p.track[i]) * (p.kaon[i] - p.track[i]);
  return e * e - square;
}
